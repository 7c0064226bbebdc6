# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Data Board
@custom:contract-name DataBoard
@license AGPL-3.0-only
@author The Sunfair developers
@notice Where an operator lays out the public part of its auctions in calldata, for anyone to rebuild it from the chain
        alone. It keeps nothing and believes nothing: what was published is right if it hashes to what was anchored.
@dev    One board serves every community. The data itself stands in the transaction's input; the event only says where
        to look. Blob transactions to `announce` carry it in blobs instead; their versioned hashes are in the event.
@custom:kill Nothing to stop: it holds neither money nor state.
"""


# ── Constants ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# @notice Most bytes of one part: with its envelope it stays below the 128 KiB a node takes in one transaction.
PART_MAX: public(constant(uint256)) = 122_880

# @dev Blobs of one transaction.
BLOBS_MAX: constant(uint256) = 16


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────────────────────

event Published:
    # @notice Part `part` of `parts` of the public rows of slots `first_slot` to `first_slot + slots - 1` of a market.
    market: indexed(address)
    first_slot: indexed(uint256)
    publisher: indexed(address)
    slots: uint256
    part: uint256
    parts: uint256

event Announced:
    # @notice The same in blobs: their versioned hashes (EIP-4844), in order.
    market: indexed(address)
    first_slot: indexed(uint256)
    publisher: indexed(address)
    slots: uint256
    blobs: DynArray[bytes32, BLOBS_MAX]


# ── Calls that change state ───────────────────────────────────────────────────────────────────────────────────────────

@external
def publish(market: address, first_slot: uint256, slots: uint256, part: uint256, parts: uint256, data: Bytes[PART_MAX]):
    """
    @notice Lays out one part of the public rows of consecutive slots.
    @param market The community's market.
    @param first_slot First slot of the data.
    @param slots Number of slots.
    @param part Number of this part, from 0.
    @param parts How many parts there are.
    @param data The part; all parts in order are the compressed public rows (docs/formats.md).
    """
    log Published(
        market=market, first_slot=first_slot, publisher=msg.sender, slots=slots, part=part, parts=parts
    )


@external
def announce(market: address, first_slot: uint256, slots: uint256):
    """
    @notice Says which blobs of this transaction hold the public rows of consecutive slots.
    @param market The community's market.
    @param first_slot First slot of the data.
    @param slots Number of slots.
    """
    hashes: DynArray[bytes32, BLOBS_MAX] = self._blobs()
    assert len(hashes) > 0, "board: no blobs"
    log Announced(market=market, first_slot=first_slot, publisher=msg.sender, slots=slots, blobs=hashes)


# ── Internal ──────────────────────────────────────────────────────────────────────────────────────────────────────────

@internal
@view
def _blobs() -> DynArray[bytes32, BLOBS_MAX]:
    """
    @dev Versioned hashes of the blobs of this transaction, in order.
    """
    hashes: DynArray[bytes32, BLOBS_MAX] = []
    for i: uint256 in range(BLOBS_MAX):
        hash: bytes32 = blobhash(i)
        if hash == empty(bytes32):
            break
        hashes.append(hash)
    return hashes
