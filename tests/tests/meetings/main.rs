//! The meeting of an appointment: made once, moved, ended, whatever is lost on the way.

mod cancelling;
mod changing;
mod creating;
mod inputs;
mod looking_up;
mod lost;
mod options;
mod stage;
