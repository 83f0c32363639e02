from bot.sandbox.cluster.deployer import Deployer
from bot.sandbox.cluster.faults import Fault
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.cluster.person import Action, Person
from bot.sandbox.cluster.server import SandboxCluster

__all__ = ["Action", "Deployer", "Fault", "Person", "SandboxCluster", "write_kubeconfig"]
