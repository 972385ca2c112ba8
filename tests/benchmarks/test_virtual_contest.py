"""All patterns find the same, one that scores wrongly is found out, and nothing beats T*."""

from dataclasses import dataclass, replace

import pytest
from virtual.contest import Contest, Disagreement
from virtual.peers import ItsHub, Pattern, Rebase, SearchAndLearn, Workers
from virtual.walk import Walk
from virtual.world import World

from compute_router.policies import Path

PATTERNS: list[Pattern] = [SearchAndLearn(1), SearchAndLearn(3), ItsHub(1), Workers(3), Rebase(2), Rebase(64)]


@pytest.fixture(scope="module", params=["beam:n=8,m=4", "dvts:n=8,m=4"])
def contest(request: pytest.FixtureRequest) -> Contest:
    return Contest(request.param, 8, 0, World(0))


def test_every_pattern_finds_the_same_and_none_beats_the_bound(contest: Contest) -> None:
    for pattern in PATTERNS:
        assert contest.peer("a peer", pattern).seconds >= contest.best_s  # or raises Disagreement


def test_this_scheduler_finds_it_too(contest: Contest) -> None:
    result = contest.ours(256)
    assert result.seconds >= contest.best_s
    assert result.rig.policy.stats.generated == contest.work.written
    assert result.rig.prm_computed >= contest.work.scored


def test_the_same_run_takes_the_same_time(contest: Contest) -> None:
    assert contest.ours(256).seconds == contest.ours(256).seconds


def test_answers_differ_so_that_votes_and_scores_matter(contest: Contest) -> None:
    assert any(len({path.answer for path in outcome.paths_N}) > 1 for outcome in contest.outcomes.values())


@dataclass(frozen=True, slots=True)
class Muddled(Rebase):
    """Gives a path the score that belongs to its mirror image, now and then."""

    def judge(self, walk: Walk, path: Path) -> Path:
        scored = Rebase.judge(self, walk, path)
        if len(path.lineage) != 2 or walk.leaf(path).id % 3:
            return scored
        return replace(scored, scores_S=(*scored.scores_S[:-1], 1 - scored.scores_S[-1]))


def test_a_pattern_that_mixes_up_scores_is_found_out(contest: Contest) -> None:
    with pytest.raises(Disagreement, match="muddled"):
        contest.peer("muddled", Muddled(8))


def test_reading_every_text_anew_costs_prm_tokens(contest: Contest) -> None:
    whole = contest.peer("whole", Workers(3)).prm_per_generated
    assert whole > 3 * contest.peer("last step", Rebase(8)).prm_per_generated


def test_deadlines_cut_in_mid_flight_and_the_waste_is_counted(contest: Contest) -> None:
    latency_s = contest.ours(256).latency_s
    assert latency_s is not None
    wasted, cut = contest.wasted(256, latency_s)
    assert cut >= 1
    assert 0 < wasted < 0.2
