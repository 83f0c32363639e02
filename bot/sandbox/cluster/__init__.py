from bot.sandbox.cluster.faults import Fault
from bot.sandbox.cluster.kubeconfig import write_kubeconfig
from bot.sandbox.cluster.server import SandboxCluster

__all__ = ["Fault", "SandboxCluster", "write_kubeconfig"]
