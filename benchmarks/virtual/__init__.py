"""A modelled cluster in virtual time: two GPU servers, a world of trajectories, and who drives them.

clock     an event loop that never sleeps
cost      what an iteration takes: card, model, serving limits
radix     the prefix cache
gpu       one server: iteration-level batching, chunked prefill
forward   a PRM without a server: padded batches, one after another
client    the CPU time of requests
world     lengths, scores, stops and answers, by hash
rig       a policy server and a PRM server, as one pattern sees them
ours      the two ends of the real scheduler: an engine and a PRM
walk      a search driven ask by ask
peers     the peers' patterns of execution
bound     T*, which no pattern can beat
"""
