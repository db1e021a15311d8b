//! Programs that are always played, in many orders: one for each thing that random ones may miss, and those that have failed.

use crate::play::{on_one_thread, on_threads};
use crate::program::{Act, Branch, End, Event, How, Many, Place, Program, Step, Tree, Verb, Via};

const PLACES: [Place; 5] = [Place::Worker, Place::Main, Place::Here, Place::Pool, Place::Immediate];

fn step(verb: Verb, place: Place, act: Act) -> Step {
    Step { id: 0, verb, place, act, via: Via::Result }
}

fn then(of: Tree, step: Step) -> Tree {
    Tree::Step(step, Box::new(of))
}

fn pending(how: How) -> Tree {
    Tree::Promise { id: 0, how, elsewhere: false }
}

fn elsewhere(how: How) -> Tree {
    Tree::Promise { id: 0, how, elsewhere: true }
}

fn delay(ms: u64) -> Tree {
    Tree::Delay { ms }
}

/// Plays it once for each way to end a root, with this script.
fn play(trees: &[Tree], script: &[Event]) {
    let _alone = crate::alone();
    for end in [End::Wait, End::Poll, End::Await, End::Drop] {
        let roots = trees.iter().map(|tree| (tree.clone(), end)).collect();
        let program = Program { roots, script: script.to_vec() }.numbered();
        let seeds = std::iter::once(None).chain((0..8).map(Some));
        let played = (0..2)
            .try_for_each(|_| on_threads(&program))
            .and_then(|()| seeds.into_iter().try_for_each(|seed| on_one_thread(&program, seed)));
        if let Err(what) = played {
            panic!("{what}\n  in {program:?}");
        }
    }
}

/// Scripts with a closing at each of a few points.
fn closings(mut test: impl FnMut(&[Event])) {
    for close in [Event::Close { now: false }, Event::Close { now: true }, Event::Leave] {
        for turns in 0..3 {
            test(&[Event::Turn(turns), close]);
            test(&[Event::Settle(0), Event::Turn(turns), close, Event::Turn(1)]);
        }
    }
}

#[test]
fn limits_and_delays_settle_in_the_order_of_their_times() {
    let timeout = |limit, of| Tree::Timeout(limit, Box::new(of));
    let limits = [(3, 5), (5, 3), (3, 3)].map(|(limit, ms)| timeout(limit, delay(ms)));
    play(&limits, &[]);
    play(&limits, &[Event::Pass(3), Event::Turn(1), Event::Pass(3)]);
    let twice = timeout(4, timeout(3, delay(5)));
    play(&[twice, timeout(3, Tree::Lost { limit: 4 }), timeout(4, Tree::Lost { limit: 3 })], &[]);
    play(&[Tree::LetGo(Box::new(delay(1)), Box::new(delay(2)))], &[]);
}

#[test]
fn the_first_in_time_and_then_in_place_wins() {
    let failing = |ms| then(delay(ms), step(Verb::AndThen, Place::Immediate, Act::Fail));
    for many in [Many::Race, Many::Any, Many::All] {
        let gather = |of| Tree::Gather(many, of);
        let trees = [
            gather(vec![delay(3), failing(2), delay(5)]),
            gather(vec![failing(2), failing(2), delay(2)]),
            gather(vec![failing(3), failing(2)]),
            gather(vec![]),
            gather(vec![elsewhere(How::Drop), pending(How::Reject), elsewhere(How::Resolve)]),
        ];
        play(&trees, &[]);
    }
}

#[test]
fn errors_are_skipped_past_all_places_and_caught_in_each() {
    for place in PLACES {
        for act in [Act::Give, Act::Fail, Act::Panic] {
            let mut tree = then(pending(How::Resolve), step(Verb::AndThen, place, act));
            for place in PLACES {
                tree = then(tree, step(Verb::Map, place, Act::Give));
                tree = then(tree, step(Verb::Inspect, place, Act::Give));
            }
            tree = then(tree, step(Verb::Catch, place, Act::Give));
            tree = then(tree, step(Verb::Then, place, Act::Panic));
            play(&[then(tree, step(Verb::OrElse, place, Act::Fail))], &[Event::Settle(0), Event::Turn(2)]);
        }
    }
}

#[test]
fn forks_go_their_own_ways() {
    let branch = |place, kept| Branch { steps: vec![step(Verb::Then, place, Act::Give)], kept };
    let branches: Vec<Branch> = PLACES.iter().map(|place| branch(*place, *place != Place::Pool)).collect();
    for many in [Many::All, Many::Race, Many::Any] {
        for source in [pending(How::Resolve), elsewhere(How::Reject), delay(2), Tree::Settled { id: 0, act: Act::Fail }]
        {
            let share = Tree::Share(many, Box::new(source), branches.clone());
            play(std::slice::from_ref(&share), &[]);
            closings(|script| play(std::slice::from_ref(&share), script));
        }
    }
}

#[test]
fn blocks_that_hop_survive_closings() {
    for place in PLACES {
        let block = |of| Tree::Spawn {
            id: 0,
            place,
            hops: vec![Place::Main, Place::Worker, Place::Pool, Place::Main],
            act: Act::Give,
            of: Some(Box::new(of)),
        };
        let trees = [block(pending(How::Resolve)), block(elsewhere(How::Drop)), block(delay(2))];
        play(&trees, &[]);
        closings(|script| play(&trees, script));
    }
}

#[test]
fn what_closures_return_survives_closings() {
    let vias = [Via::Settled, Via::Run(Place::Pool), Via::Future, Via::FutureOf(Place::Worker), Via::Run(Place::Main)];
    for place in [Place::Pool, Place::Here] {
        let mut trees = Vec::new();
        for via in vias {
            let step = Step { via, ..step(Verb::Then, place, Act::Give) };
            trees.push(then(pending(How::Drop), step.clone()));
            trees.push(then(Tree::Run(step.clone()), step));
        }
        closings(|script| play(&trees, script));
    }
}
