//! The stateful pool: who loads, who calls, who closes, in every order.

mod calling;
mod closing;
mod common;
mod inside;
mod loading;
