"""A learning switch on os-ken, in the version of OpenFlow 1.x that OFP_MINOR names.

A rule for each pair of hosts that talk, and a packet-out for what came before the rule.
"""

import importlib
import os

from os_ken.base.app_manager import OSKenApp
from os_ken.controller import ofp_event
from os_ken.controller.handler import CONFIG_DISPATCHER, MAIN_DISPATCHER, set_ev_cls
from os_ken.lib.packet import ethernet, packet

MINOR = int(os.environ["OFP_MINOR"])
OFP = importlib.import_module(f"os_ken.ofproto.ofproto_v1_{MINOR}")


class LearningSwitch(OSKenApp):
    OFP_VERSIONS = [OFP.OFP_VERSION]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.ports = {}

    @set_ev_cls(ofp_event.EventOFPSwitchFeatures, CONFIG_DISPATCHER)
    def connected(self, event):
        datapath = event.msg.datapath
        parser = datapath.ofproto_parser
        to_controller = parser.OFPActionOutput(OFP.OFPP_CONTROLLER, OFP.OFPCML_NO_BUFFER)
        self.add_flow(datapath, 0, parser.OFPMatch(), [to_controller])
        self.logger.warning("switch %016x speaks 1.%d", datapath.id, datapath.ofproto.OFP_VERSION - 1)

    @set_ev_cls(ofp_event.EventOFPPacketIn, MAIN_DISPATCHER)
    def packet_in(self, event):
        message = event.msg
        datapath = message.datapath
        parser = datapath.ofproto_parser
        in_port = message.match["in_port"]
        header = packet.Packet(message.data).get_protocol(ethernet.ethernet)
        self.ports[header.src] = in_port
        out_port = self.ports.get(header.dst)
        if out_port is not None:
            match = parser.OFPMatch(in_port=in_port, eth_dst=header.dst, eth_src=header.src)
            self.add_flow(datapath, 1, match, [parser.OFPActionOutput(out_port)])
        actions = [parser.OFPActionOutput(OFP.OFPP_FLOOD if out_port is None else out_port)]
        fields = dict(buffer_id=OFP.OFP_NO_BUFFER, actions=actions, data=message.data)
        if MINOR < 5:
            out = parser.OFPPacketOut(datapath, in_port=in_port, **fields)
        else:
            out = parser.OFPPacketOut(datapath, match=parser.OFPMatch(in_port=in_port), **fields)
        datapath.send_msg(out)

    def add_flow(self, datapath, priority, match, actions):
        parser = datapath.ofproto_parser
        apply = parser.OFPInstructionActions(OFP.OFPIT_APPLY_ACTIONS, actions)
        datapath.send_msg(parser.OFPFlowMod(datapath, priority=priority, match=match, instructions=[apply]))
