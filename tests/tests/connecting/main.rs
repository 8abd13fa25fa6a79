//! Connecting an organisation's account and disconnecting it: what may be entered, who may sign in, what
//! a callback counts for, and that nothing is stored of what came to nothing.

mod accounts;
mod callbacks;
mod disconnecting;
mod input;
mod redemption;
mod success;
