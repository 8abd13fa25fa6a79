//! What fails after connecting: grants that died, faults of the operator's, outages of the token
//! endpoint, and Graph saying no.

mod grants;
mod operator;
mod refusals;
mod renewal;
mod token_endpoint;
