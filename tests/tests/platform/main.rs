//! The scheduling platform over the real plugin, in front of the stand-in for Microsoft.

mod booking;
mod both_ways;
mod health;
mod integrations;
mod matching;
mod method;
mod processes;
mod reassigning;
mod reconciling;
mod rematching;
mod stage;
mod states;
mod watching;
