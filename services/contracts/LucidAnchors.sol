// SPDX-License-Identifier: UNLICENSED
pragma solidity 0.8.37;

/// @title LucidAnchors: the public memory of recorded sessions
/// @notice Remembers once, and for good, what a session's manifest said. There is no owner, proxy or
/// setter: the only authority is the registrar written into storage slot 0 by the chain's genesis.
contract LucidAnchors {
    /// @notice The one account that may write. Slot 0, set by genesis, never by code.
    address public registrar;

    /// @dev `facts` packs owner (160 bits) | startedAt (43) | chunkCount (21) | blockNumber (32), low bits
    /// first: three storage slots a session instead of four, because every slot is state kept for good.
    struct Session {
        bytes32 manifestHash;
        bytes32 merkleRoot;
        uint256 facts;
    }

    uint256 private constant STARTED_AT_BITS = 43; // milliseconds until the year 2248
    uint256 private constant CHUNK_COUNT_BITS = 21; // 16 TiB of 8 MiB chunks
    uint256 private constant STARTED_AT_SHIFT = 160;
    uint256 private constant CHUNK_COUNT_SHIFT = STARTED_AT_SHIFT + STARTED_AT_BITS;
    uint256 private constant BLOCK_NUMBER_SHIFT = CHUNK_COUNT_SHIFT + CHUNK_COUNT_BITS;

    mapping(bytes32 sessionId => Session) private _sessions;

    /// @notice The leaf anchored for one chunk, zero when none was.
    mapping(bytes32 sessionId => mapping(uint32 index => bytes32 leaf)) public chunks;

    /// @notice A session was sealed. `startedAt` is epoch milliseconds, `owner` the 20-byte body of a
    /// TRON address, `sessionId` the 16 bytes of a UUID padded with zeros on the right.
    event SessionRegistered(
        bytes32 indexed sessionId,
        bytes32 manifestHash,
        uint64 startedAt,
        address indexed owner,
        bytes32 merkleRoot,
        uint32 chunkCount
    );

    /// @notice One chunk of a session that is still running was fixed.
    event ChunkAnchored(bytes32 indexed sessionId, uint32 indexed index, bytes32 leaf);

    error NotRegistrar(address caller);
    error SessionExists(bytes32 sessionId);
    error ChunkExists(bytes32 sessionId, uint32 index);
    /// @dev A hash, root, leaf or count is zero: zero means "absent" in storage.
    error ZeroValue();
    /// @dev startedAt or chunkCount does not fit its packed width.
    error OutOfRange();

    modifier onlyRegistrar() {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        _;
    }

    /// @notice Anchors a sealed session. A session is registered exactly once.
    function registerSession(
        bytes32 sessionId,
        bytes32 manifestHash,
        uint64 startedAt,
        address owner,
        bytes32 merkleRoot,
        uint32 chunkCount
    ) external onlyRegistrar {
        if (sessionId == 0 || manifestHash == 0 || merkleRoot == 0 || chunkCount == 0) revert ZeroValue();
        if (startedAt >> STARTED_AT_BITS != 0 || chunkCount >> CHUNK_COUNT_BITS != 0) revert OutOfRange();
        Session storage session = _sessions[sessionId];
        if (session.manifestHash != 0) revert SessionExists(sessionId);
        session.manifestHash = manifestHash;
        session.merkleRoot = merkleRoot;
        session.facts = uint256(uint160(owner)) | (uint256(startedAt) << STARTED_AT_SHIFT)
            | (uint256(chunkCount) << CHUNK_COUNT_SHIFT) | (block.number << BLOCK_NUMBER_SHIFT);
        emit SessionRegistered(sessionId, manifestHash, startedAt, owner, merkleRoot, chunkCount);
    }

    /// @notice Anchors one leaf of a running session. A position is written exactly once.
    function anchorChunk(bytes32 sessionId, uint32 index, bytes32 leaf) external onlyRegistrar {
        if (sessionId == 0 || leaf == 0) revert ZeroValue();
        if (chunks[sessionId][index] != 0) revert ChunkExists(sessionId, index);
        chunks[sessionId][index] = leaf;
        emit ChunkAnchored(sessionId, index, leaf);
    }

    /// @notice What was registered; all zero for an unknown session.
    function sessions(bytes32 sessionId)
        external
        view
        returns (
            bytes32 manifestHash,
            bytes32 merkleRoot,
            address owner,
            uint64 startedAt,
            uint32 chunkCount,
            uint64 blockNumber
        )
    {
        Session storage session = _sessions[sessionId];
        uint256 facts = session.facts;
        return (
            session.manifestHash,
            session.merkleRoot,
            address(uint160(facts)),
            uint64((facts >> STARTED_AT_SHIFT) & ((1 << STARTED_AT_BITS) - 1)),
            uint32((facts >> CHUNK_COUNT_SHIFT) & ((1 << CHUNK_COUNT_BITS) - 1)),
            uint64(facts >> BLOCK_NUMBER_SHIFT)
        );
    }
}
