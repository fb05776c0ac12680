"""Where an activation keeps its instance, of the deploy that it runs."""

from __future__ import annotations

from kelpie.errors import ComponentError, LoadFailed, StoredValueCorrupt, StoreError
from kelpie.ids import Address
from kelpie.journal.flights import Flight, MadeOf, Whose
from kelpie.journal.policy import Policy
from kelpie.runtime.actor.instances import Instances
from kelpie.runtime.commits.claim import Claim
from kelpie.runtime.kinds.deploy import Deploy
from kelpie.runtime.kinds.deploys import Deploys
from kelpie.runtime.kinds.kind_stays import check_kind_stays
from kelpie.runtime.node import Node
from kelpie.wasm.kind_configuration import NO_CONFIGURATION, Configuration
from kelpie.wasm.turn import Guest

__all__ = ["InstanceSlot"]


class InstanceSlot:
    """At most one instance. It is made when a turn needs it, and anew after it
    was dropped, failed, or was overtaken by a newer deploy."""

    __slots__ = (
        "_claim",
        "_deploys",
        "_guest",
        "_instances",
        "_latest",
        "_made",
        "_node",
        "_taken",
        "address",
        "configuration",
        "deploy",
        "flight",
    )

    def __init__(
        self,
        node: Node,
        address: Address,
        claim: Claim,
        deploy: Deploy,
        deploys: Deploys,
        instances: Instances,
    ) -> None:
        self._node = node
        self.address = address
        self._claim = claim
        self._deploys = deploys
        self._instances = instances
        self._guest: Guest | None = None
        self._latest = deploy
        self.deploy = deploy
        """That of the instance, or of the latest one."""
        self.configuration: Configuration = NO_CONFIGURATION
        """What is set for the deploy, once there is an instance of it."""
        self._taken = False
        self._made = 0
        self.flight: Flight | None = None
        """What the instance has done, if its kind is journaled."""

    @property
    def next_deploy(self) -> Deploy:
        """The deploy that the next turn runs, if it can be loaded."""
        current = self._deploys.current(self.address.namespace, self.address.kind)
        # The store may have told this activation of one of which the node has yet to hear.
        return current if current.number > self._latest.number else self._latest

    def take(self) -> Guest | None:
        """The instance to run the next turn in, of the current deploy, if there
        is one. Until it is given back, or dropped, nobody else drops it."""
        if self._guest is None or self.next_deploy is not self.deploy:
            return None
        if self.flight is not None and self.flight.is_over:
            return None
        self._taken = True
        return self._guest

    async def make(self, older: Deploy | None = None) -> Guest:
        """A fresh instance of the current deploy, or, for one turn, of an older
        one; taken.

        Raises:
            LoadFailed, StoredValueCorrupt: the component could not be loaded;
                what ran before stays.
            Moved: the kind was deleted meanwhile.
            ActorError: its instance could not be made.
        """
        wanted = older or self.next_deploy
        try:
            component = await self._deploys.component(wanted)
            configuration = await self._deploys.configuration(wanted)
            policy = await self._deploys.policies.get(wanted.namespace, wanted.kind)
        except StoredValueCorrupt:
            await check_kind_stays(self._node, self._claim)
            raise
        except (StoreError, ComponentError) as error:
            raise LoadFailed(
                f"the component of {self.address} could not be loaded: {error.message}"
            ) from error
        guest = await component.instantiate()
        self.drop()
        self._guest = guest
        self.configuration = configuration
        self.deploy = wanted
        if wanted.number > self._latest.number:
            self._claim.moves_to_deploy(wanted.number)
            self._latest = wanted
        self._taken = True
        self._instances.used(self, guest.memory_bytes)
        if policy is not Policy.OFF:
            self.flight = self._take_off(policy, configuration)
        return guest

    def _take_off(self, policy: Policy, configuration: Configuration) -> Flight:
        self._made += 1
        node, deploy = self._node, self.deploy
        whose = Whose(node.name, node.incarnation, self._claim.activation, self._made)
        made_of = MadeOf(deploy.number, deploy.digest, configuration)
        return Flight(node.flights, whose, policy, made_of)

    def give_back(self) -> None:
        """A turn has ended in the instance: it is now the last one to make room."""
        assert self._guest is not None
        self._taken = False
        self._instances.used(self, self._guest.memory_bytes)

    def drop_instance(self) -> bool:
        """Drops the instance to make room, unless a turn is running in it."""
        if self._guest is None or self._taken:
            return False
        self.drop()
        return True

    def drop(self) -> None:
        """Drops the instance, if there is one."""
        if self._guest is not None:
            guest, self._guest = self._guest, None
            self._taken = False
            guest.close()
            self._instances.gone(self)
            if self.flight is not None:
                self.flight.let_go()
                self.flight = None
