"""One truth about people: a revert and a merge, whose every person differs, read the same wherever they are named."""

import csv
import io

from click.testing import CliRunner

from bot.cli.main import main
from bot.messages.blocks import plain
from tests.common.demo import bot_pull_requests, remote, running_demo
from tests.common.kubernetes import as_yaml, config_map
from tests.common.slack import PRIYA, Person
from tests.common.wait import wait_for


def lines(content):
    """Every line of rich text, as people read it."""
    if isinstance(content, list | tuple):
        return [line for part in content for line in lines(part)]
    if "elements" not in content:
        return []
    if content["type"] == "rich_text_section":
        return "".join(map(plain, content["elements"])).split("\n")
    return lines(content["elements"])


def named(content, mark="approved by"):
    """What a message says of a change's people: from `by` to who merged it."""
    (line,) = {line for line in lines(content.blocks) if mark in line}
    return line[line.index("by ") :].partition(" · ")[0]


def exported(store, tmp_path, *arguments):
    """The rows of an audit export."""
    config = tmp_path / "config.yaml"
    config.write_text(
        f"slack: {{channel: C0123456789}}\nstore: {store}\nclusters: {{prod: {{}}}}\n"
        "repositories: {platform: {url: https://git.example/platform.git, branch: main}}\n"
        "applications: {shop: {repository: platform, path: shop, cluster: prod, namespace: shop}}\n"
    )
    result = CliRunner().invoke(main, ["audit", *arguments, "--config", str(config)])
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_author_requester_approver_and_merger_read_the_same_everywhere(tmp_path):
    with running_demo(repository_settings={"approvals": {"grace": "1s", "required": 2}}) as demo:
        forge, priya = remote(demo), Person(demo.slack, PRIYA)
        priya.type(f"revert {demo.shop.bad_commit[:8]}")
        (pull,) = bot_pull_requests(demo)
        forge.review(pull.number, "bo", "APPROVED")
        sha = forge.merge(pull.number, by="chen").merge_sha

        people = "by gitops-bot, for priya, approved by bo, merged by chen"
        card = priya.card("✅ Revert merged", "merged")
        assert named(card) == people
        assert named(priya.card("✅ Live in", sha[:8])) == people
        alert = priya.card("🚨 Not approved on main: pull request", sha[:8])
        assert named(alert) == people
        assert people in "\n".join(lines(priya.type("history shop").blocks))
        assert people in "\n".join(lines(priya.type("who shop").blocks))
        assert people in "\n".join(lines(priya.open_home("approved by").blocks))

        (change,) = [row for row in exported(demo.config.store, tmp_path, "changes") if row["sha"] == sha]
        assert (change["author"], change["requester"]) == ("gitops-bot, for priya", "priya")
        assert (change["pull_author"], change["approvers"], change["merged_by"]) == (pull.author, "bo", "chen")
        (request,) = [row for row in exported(demo.config.store, tmp_path) if row["who"] == PRIYA]
        assert request["result"].endswith(f"/{pull.number}")
        assert (request["pull_author"], request["approvers"], request["merged_by"]) == (pull.author, "bo", "chen")


def test_who_merged_another_persons_unapproved_change_is_its_merger_not_its_author(tmp_path):
    with running_demo(repository_settings={"approvals": {"grace": "1h"}}) as demo:
        forge, jonas = remote(demo), Person(demo.slack)
        jonas.type("drift")  # so that the bot has seen where the branch is
        forge.git.move("hasty", forge.git.tip(forge.branch), None)
        path = f"{demo.shop.applications[0].path}/extra.yaml"
        forge.commit("hasty", {path: as_yaml(config_map("extra", a="1"))}, "Add settings\n", "ana")
        number = forge.open_pull(head="hasty", base=forge.branch, title="Add settings", body="", by="ana").number
        sha = forge.merge(number, "chen", "merge").merge_sha

        people = "by Ana Ferrer, not approved, merged by chen"
        assert named(jonas.card("✅ Live in", sha[:8]), "Ana Ferrer") == people
        assert people in "\n".join(lines(jonas.type("history shop").blocks))
        assert people in "\n".join(lines(jonas.type("who shop").blocks))

        def change():
            (row,) = [row for row in exported(demo.config.store, tmp_path, "changes") if row["sha"] == sha]
            return row["author"], row["pull_author"], row["approvers"], row["merged_by"]

        wait_for(lambda: change() == ("Ana Ferrer", "ana", "", "chen"), failure=change)
