"""The judge: contracts on an EVM network, an embedded one, and what stands on it."""

from sunfair.chain.contracts import CONTRACTS, Contract, contract
from sunfair.chain.deployment import GUARANTOR, Deployment, deploy_market, find_deployment
from sunfair.chain.embedded import Block, EmbeddedChain, Log
from sunfair.chain.folder import DEPLOYMENT_FILE, LOG_FILE, read_chain, save_chain
from sunfair.chain.keys import DEMO_CHAINS, SeededKeys, address_of, check_demo_chain, keccak, recover, sign_digest
from sunfair.chain.ledger import EmbeddedLedger
from sunfair.chain.log import chain_lines, replay
from sunfair.chain.record import amounts_hash, read_record
from sunfair.chain.transactions import SignedTransaction, Transaction, decode_raw

__all__ = [
    "CONTRACTS",
    "DEMO_CHAINS",
    "DEPLOYMENT_FILE",
    "GUARANTOR",
    "LOG_FILE",
    "Block",
    "Contract",
    "Deployment",
    "EmbeddedChain",
    "EmbeddedLedger",
    "Log",
    "SeededKeys",
    "SignedTransaction",
    "Transaction",
    "address_of",
    "amounts_hash",
    "chain_lines",
    "check_demo_chain",
    "contract",
    "decode_raw",
    "deploy_market",
    "find_deployment",
    "keccak",
    "read_chain",
    "read_record",
    "recover",
    "replay",
    "save_chain",
    "sign_digest",
]
