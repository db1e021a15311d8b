//! Programs at random, such that failing ones shrink.

use proptest::prelude::*;

use crate::program::{Act, Branch, End, Event, How, Many, Place, Program, Step, Tree, Verb, Via};

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Place::Immediate), Just(Place::Worker), Just(Place::Main), Just(Place::Pool), Just(Place::Here)]
}

/// Where a closure can go from wherever it is.
fn elsewhere() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Place::Immediate), Just(Place::Worker), Just(Place::Main), Just(Place::Pool)]
}

/// What an async block can hop to.
fn stop() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Place::Worker), Just(Place::Main), Just(Place::Pool)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![5 => Just(Act::Give), 2 => Just(Act::Fail), 1 => Just(Act::Panic)]
}

fn via() -> impl Strategy<Value = Via> {
    prop_oneof![
        4 => Just(Via::Result),
        1 => Just(Via::Settled),
        2 => elsewhere().prop_map(Via::Run),
        1 => Just(Via::Future),
        1 => elsewhere().prop_map(Via::FutureOf),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let verb = prop_oneof![
        2 => Just(Verb::Map),
        3 => Just(Verb::AndThen),
        2 => Just(Verb::Catch),
        2 => Just(Verb::OrElse),
        2 => Just(Verb::Then),
        1 => Just(Verb::Inspect),
    ];
    (verb, place(), act(), via()).prop_map(|(verb, place, act, via)| Step { id: 0, verb, place, act, via })
}

fn many() -> impl Strategy<Value = Many> {
    prop_oneof![Just(Many::All), Just(Many::Race), Just(Many::Any)]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![3 => Just(How::Resolve), 1 => Just(How::Reject), 1 => Just(How::Drop)]
}

fn leaf() -> impl Strategy<Value = Tree> {
    prop_oneof![
        2 => act().prop_map(|act| Tree::Settled { id: 0, act }),
        4 => (how(), any::<bool>()).prop_map(|(how, elsewhere)| Tree::Promise { id: 0, how, elsewhere }),
        4 => step().prop_map(Tree::Run),
        1 => (1..6_u64).prop_map(|ms| Tree::Delay { ms }),
        1 => (1..6_u64).prop_map(|limit| Tree::Lost { limit }),
        1 => spawn(Just(None)),
    ]
}

fn spawn(of: impl Strategy<Value = Option<Box<Tree>>>) -> impl Strategy<Value = Tree> {
    (place(), prop::collection::vec(stop(), 0..4), act(), of).prop_map(|(place, hops, act, of)| Tree::Spawn {
        id: 0,
        place,
        hops,
        act,
        of,
    })
}

fn branch() -> impl Strategy<Value = Branch> {
    (prop::collection::vec(step(), 0..3), prop::bool::weighted(0.8)).prop_map(|(steps, kept)| Branch { steps, kept })
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(6, 24, 3, |tree| {
        let boxed = tree.clone().prop_map(Box::new);
        prop_oneof![
            8 => (step(), boxed.clone()).prop_map(|(step, of)| Tree::Step(step, of)),
            1 => boxed.clone().prop_map(Tree::With),
            2 => (1..6_u64, boxed.clone()).prop_map(|(limit, of)| Tree::Timeout(limit, of)),
            3 => (many(), prop::collection::vec(tree.clone(), 0..4)).prop_map(|(many, of)| Tree::Gather(many, of)),
            1 => (boxed.clone(), boxed.clone()).prop_map(|(one, other)| Tree::Join(one, other)),
            2 => (many(), boxed.clone(), prop::collection::vec(branch(), 0..4))
                .prop_map(|(many, of, branches)| Tree::Share(many, of, branches)),
            2 => spawn(boxed.clone().prop_map(Some)),
            1 => (boxed.clone(), boxed).prop_map(|(one, other)| Tree::LetGo(one, other)),
        ]
    })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![2 => Just(End::Poll), 3 => Just(End::Wait), 1 => Just(End::Await), 1 => Just(End::Drop)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..4_usize).prop_map(Event::Turn),
        4 => (0..8_usize).prop_map(Event::Settle),
        1 => (0..4_usize).prop_map(Event::LetGo),
        1 => (1..4_u64).prop_map(Event::Pass),
    ]
}

/// Something is closed at some point of the script, in some of the programs.
fn closing() -> impl Strategy<Value = Option<(usize, Event)>> {
    let close = prop_oneof![any::<bool>().prop_map(|now| Event::Close { now }), Just(Event::Leave)];
    prop::option::weighted(0.35, (0..8_usize, close))
}

/// Programs of a few tasks.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    let roots = prop::collection::vec((tree(), end()), 1..4);
    (roots, prop::collection::vec(event(), 0..8), closing()).prop_map(|(roots, mut script, closing)| {
        if let Some((at, close)) = closing {
            script.insert(at.min(script.len()), close);
        }
        Program { roots, script }.numbered()
    })
}
