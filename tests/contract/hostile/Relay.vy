# pragma version ==0.4.3
# pragma evm-version cancun
"""
@title Relay
@license AGPL-3.0-only
@author The Sunfair developers
@notice Passes on any call, so that a test can speak in a contract's name.
@custom:kill Only for tests.
"""


@external
def forward(target: address, data: Bytes[4096]):
    """
    @notice Calls a contract; its reason to refuse is passed back.
    @param target The contract.
    @param data The calldata.
    """
    raw_call(target, data)
