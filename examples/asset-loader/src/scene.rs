//! What the main thread owns: textures and models as a renderer would hold them.

use std::collections::HashMap;
use std::rc::Rc;

use crate::model::Mesh;
use crate::upload::Uploaded;

/// A texture's place in the scene: known before its pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextureId(usize);

/// A model in the scene.
#[derive(Debug, PartialEq)]
pub struct Placed {
    /// The asset's name.
    pub name: Rc<str>,
    /// What there is to draw.
    pub meshes: Vec<Mesh>,
    /// What to draw it with; two models that use one texture have the same id.
    pub textures: Vec<TextureId>,
    /// Does it stand in for one that could not be loaded?
    pub placeholder: bool,
}

/// Textures and models. Its counts of references are not atomic, as in many an engine: it cannot leave its thread.
#[derive(Debug, Default)]
pub struct Scene {
    ids: HashMap<Rc<str>, TextureId>,
    textures: Vec<(Rc<str>, Option<Uploaded>)>,
    models: Vec<Placed>,
}

impl Scene {
    /// The place of the texture called `name`, and whether this made it: then the caller uploads the texture.
    pub fn reserve(&mut self, name: &str) -> (TextureId, bool) {
        if let Some(id) = self.ids.get(name) {
            return (*id, false);
        }
        let id = TextureId(self.textures.len());
        let name: Rc<str> = name.into();
        self.ids.insert(Rc::clone(&name), id);
        self.textures.push((name, None));
        (id, true)
    }

    /// Puts a texture where a place is reserved for it.
    pub fn fill(&mut self, id: TextureId, texture: Uploaded) {
        self.textures[id.0].1 = Some(texture);
    }

    /// Adds a model.
    pub fn place(&mut self, name: &str, meshes: Vec<Mesh>, textures: Vec<TextureId>, placeholder: bool) {
        self.models.push(Placed { name: name.into(), meshes, textures, placeholder });
    }

    /// The name behind an id.
    #[must_use]
    pub fn name(&self, id: TextureId) -> &str {
        &self.textures[id.0].0
    }

    /// The textures that are there, by name: the order in which they came differs from run to run.
    #[must_use]
    pub fn textures(&self) -> Vec<(&str, &Uploaded)> {
        let mut all: Vec<_> = self.textures.iter().filter_map(|(n, t)| Some((&**n, t.as_ref()?))).collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    /// The models, by name.
    #[must_use]
    pub fn models(&self) -> Vec<&Placed> {
        let mut all: Vec<_> = self.models.iter().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Does `other` show the same? Ids are compared by the names behind them.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let named = |scene: &Self, model: &Placed| -> Vec<String> {
            model.textures.iter().map(|id| scene.name(*id).to_owned()).collect()
        };
        let (mine, theirs) = (self.models(), other.models());
        self.textures() == other.textures()
            && mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|(a, b)| {
                (&a.name, &a.meshes, a.placeholder) == (&b.name, &b.meshes, b.placeholder)
                    && named(self, a) == named(other, b)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texture::Texture;
    use crate::upload::Upload;

    fn uploaded(colour: u8) -> Uploaded {
        Upload::new(Texture::new(1, 1, vec![colour; 4]).into()).finish()
    }

    fn scene(names: &[(&str, u8)], meshes: Vec<Mesh>) -> Scene {
        let mut scene = Scene::default();
        let mut ids = Vec::new();
        for (name, colour) in names {
            let (id, fresh) = scene.reserve(name);
            assert!(fresh);
            assert_eq!(scene.reserve(name), (id, false), "one place a name");
            scene.fill(id, uploaded(*colour));
            ids.push(id);
        }
        ids.sort_by_key(|id| scene.name(*id).to_owned());
        scene.place("model", meshes, ids, false);
        scene
    }

    #[test]
    fn the_order_of_arrival_makes_no_difference_and_contents_do() {
        let one = scene(&[("a", 1), ("b", 2)], vec![Mesh::placeholder()]);
        assert!(one.same_as(&scene(&[("b", 2), ("a", 1)], vec![Mesh::placeholder()])));
        assert!(!one.same_as(&scene(&[("b", 2), ("a", 3)], vec![Mesh::placeholder()])));
        assert!(!one.same_as(&scene(&[("b", 2), ("c", 1)], vec![Mesh::placeholder()])));
        assert!(!one.same_as(&scene(&[("a", 1), ("b", 2)], Vec::new())));
        assert!(!one.same_as(&scene(&[("a", 1)], vec![Mesh::placeholder()])));
    }

    #[test]
    fn what_is_only_reserved_is_not_there() {
        let mut scene = Scene::default();
        let (id, _) = scene.reserve("late");
        assert!(scene.textures().is_empty());
        scene.fill(id, uploaded(9));
        assert_eq!(scene.textures()[0].0, "late");
    }
}
