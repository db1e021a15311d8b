//! What the registry should do, in so few words that one can see that it is right: everything is counted afresh each time.

use std::collections::{BTreeMap, BTreeSet};

use asset_loader::registry::Counts;

use crate::world::{Act, Look, View, size};

#[derive(Debug, Clone)]
pub(crate) struct Model {
    limit: u64,
    /// Of each load: the asset, and what came of it.
    loads: Vec<(&'static str, Look)>,
    /// The load that the registry knows of each asset.
    known: BTreeMap<&'static str, usize>,
    /// Those that nobody holds, oldest first.
    inactive: Vec<&'static str>,
    /// The load that each handle is for.
    handles: Vec<Option<usize>>,
}

impl Model {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, loads: Vec::new(), known: BTreeMap::new(), inactive: Vec::new(), handles: Vec::new() }
    }

    /// All that makes a difference, for each of `assets`. A second handle of the same is none that matters.
    pub(crate) fn acts(&self, assets: &[&'static str]) -> Vec<Act> {
        let mut acts: Vec<_> = assets.iter().map(|asset| Act::Ask(asset)).collect();
        acts.extend(self.known.keys().map(|asset| Act::Invalidate(asset)));
        let held: BTreeSet<_> = self.handles.iter().flatten().collect();
        let first = |load| self.handles.iter().position(|handle| *handle == Some(load)).expect("it is held");
        acts.extend(held.into_iter().map(|load| Act::Drop(first(*load))));
        let pending = |load: &usize| self.loads[*load].1 == Look::Pending;
        acts.extend(
            (0..self.loads.len()).filter(pending).flat_map(|load| [Act::Land(load, true), Act::Land(load, false)]),
        );
        acts
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Ask(asset) => {
                self.inactive.retain(|inactive| *inactive != asset);
                let loads = &mut self.loads;
                let load = *self.known.entry(asset).or_insert_with(|| {
                    loads.push((asset, Look::Pending));
                    loads.len() - 1
                });
                self.handles.push(Some(load));
            }
            Act::Drop(handle) => {
                let load = self.handles[handle].take().expect("a handle");
                self.look_after(load);
            }
            Act::Invalidate(asset) => {
                self.known.remove(asset);
                self.inactive.retain(|inactive| *inactive != asset);
            }
            Act::Land(load, true) => {
                self.loads[load].1 = Look::Loaded(load);
                self.look_after(load);
            }
            Act::Land(load, false) => {
                self.loads[load].1 = Look::Failed;
                self.known.retain(|_, known| *known != load);
            }
        }
    }

    pub(crate) fn drop_registry(&mut self) {
        self.known.clear();
        self.inactive.clear();
    }

    /// Is it to be inactive now?
    fn look_after(&mut self, load: usize) {
        let (asset, look) = self.loads[load];
        if self.known.get(asset) != Some(&load) || look == Look::Pending || self.handles.contains(&Some(load)) {
            return;
        }
        if size(asset) > self.limit {
            self.known.remove(asset);
            return;
        }
        self.inactive.push(asset);
        while self.inactive.iter().map(|asset| size(asset)).sum::<u64>() > self.limit {
            self.known.remove(self.inactive.remove(0));
        }
    }

    pub(crate) fn pending(&self) -> Vec<usize> {
        (0..self.loads.len()).filter(|load| self.loads[*load].1 == Look::Pending).collect()
    }

    pub(crate) fn look(&self, handle: usize) -> Option<Look> {
        self.handles[handle].map(|load| self.loads[load].1)
    }

    pub(crate) fn view(&self, with_registry: bool) -> View {
        let mut counts = Counts::default();
        for (asset, load) in &self.known {
            if self.loads[*load].1 == Look::Pending {
                counts.loading += 1;
            } else if self.inactive.contains(asset) {
                counts.inactive += 1;
                counts.inactive_bytes += size(asset);
            } else {
                counts.active += 1;
                counts.active_bytes += size(asset);
            }
        }
        let kept = |load: &usize| self.known.values().any(|known| known == load) || self.handles.contains(&Some(*load));
        let loaded = |load: &usize| matches!(self.loads[*load].1, Look::Loaded(_));
        View {
            counts: with_registry.then_some(counts),
            loads: self.loads.len(),
            alive: (0..self.loads.len()).filter(loaded).filter(kept).collect(),
            handles: (0..self.handles.len()).map(|handle| self.look(handle)).collect(),
        }
    }
}
