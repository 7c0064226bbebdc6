"""The judge: contracts on an EVM network, an embedded one, and what stands on it."""

from sunfair.chain.assets import AssetCheck, check_asset
from sunfair.chain.blobs import from_blobs, to_blobs
from sunfair.chain.contract_set import MARKET_SET, Charter, Piece
from sunfair.chain.contracts import CONTRACTS, Contract, contract
from sunfair.chain.deployment import GUARANTOR, Deployment, Made, check_made, deploy, deploy_market, find_deployment
from sunfair.chain.deployment_file import Standing
from sunfair.chain.deployments import deploy_community, list_deployments, outbox_path, read_deployment
from sunfair.chain.embedded import Block, EmbeddedChain
from sunfair.chain.folder import DEPLOYMENT_FILE, LOG_FILE, read_chain, save_chain
from sunfair.chain.keys import (
    DEMO_CHAINS,
    SeededKeys,
    address_of,
    check_demo_chain,
    keccak,
    parse_address,
    public_key_of,
    recover,
    sign_digest,
)
from sunfair.chain.keystore import KeystoreKeys, open_keystore
from sunfair.chain.ledger import MarketLedger
from sunfair.chain.log import chain_lines, replay
from sunfair.chain.network import Log, Logged, Network, Receipt
from sunfair.chain.publishing import Prices, PublishingCost, Way, publishing_cost, read_blob_data, read_prices
from sunfair.chain.record import read_facts, read_published, read_record
from sunfair.chain.remote import RpcNetwork
from sunfair.chain.rpc import JsonRpc, Unreachable
from sunfair.chain.sending import Policy
from sunfair.chain.transactions import SignedTransaction, Transaction, decode_raw

__all__ = [
    "CONTRACTS",
    "DEMO_CHAINS",
    "DEPLOYMENT_FILE",
    "GUARANTOR",
    "LOG_FILE",
    "MARKET_SET",
    "AssetCheck",
    "Block",
    "Charter",
    "Contract",
    "Deployment",
    "EmbeddedChain",
    "JsonRpc",
    "KeystoreKeys",
    "Log",
    "Logged",
    "Made",
    "MarketLedger",
    "Network",
    "Piece",
    "Policy",
    "Prices",
    "PublishingCost",
    "Receipt",
    "RpcNetwork",
    "SeededKeys",
    "SignedTransaction",
    "Standing",
    "Transaction",
    "Unreachable",
    "Way",
    "address_of",
    "chain_lines",
    "check_asset",
    "check_demo_chain",
    "check_made",
    "contract",
    "decode_raw",
    "deploy",
    "deploy_community",
    "deploy_market",
    "find_deployment",
    "from_blobs",
    "keccak",
    "list_deployments",
    "open_keystore",
    "outbox_path",
    "parse_address",
    "public_key_of",
    "publishing_cost",
    "read_blob_data",
    "read_chain",
    "read_deployment",
    "read_facts",
    "read_prices",
    "read_published",
    "read_record",
    "recover",
    "replay",
    "save_chain",
    "sign_digest",
    "to_blobs",
]
