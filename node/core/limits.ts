/** Every bound of the project, with its unit in the name and the reason beside it. */

// --- Regular expressions (RE2 is linear, but the factor is the program's size) ---
export const maxRegexChars = 4096
export const maxRegexInstructions = 20_000

// --- Signed documents (protocol 2.2): checked on bytes, before any parser runs ---
export const maxActionBytes = 512 * 1024
/** Above this only an action's id is gossiped; the body is fetched by sync. */
export const maxGossipActionBytes = 64 * 1024
export const maxPolicyBytes = 1024 * 1024
export const maxOtherBodyBytes = 64 * 1024
export const maxDepthOutside = 12
export const maxDepthInParameters = 24
export const maxSignatures = 8
/** RSA-4096 needs 636 bytes; anything far above is not a single detached signature. */
export const maxSignatureBytes = 4096
export const maxTypeBytes = 64

// --- Action (protocol 3) ---
export const maxOperations = 16
export const maxNameChars = 256
export const maxTargetBytes = 2048
export const maxTargetDepth = 64
export const maxActionSpanSeconds = 7 * 86_400
export const clockToleranceSeconds = 300
export const defaultResultTtlSeconds = 7 * 86_400
export const maxResultTtlSeconds = 90 * 86_400
export const maxReaders = 10
export const maxStoppers = 32
/** A frozen target list (`only`); one id is 52 characters, so this still fits an action of 512 KiB. */
export const maxOnlyPeers = 8000

// --- Running (protocol 3.5): the policy's defaults; an action may only tighten them ---
export const defaultWallSeconds = 300
export const defaultCpuSeconds = 30
export const defaultMatches = 1000
export const defaultOutputBytes = 8 * 1024 * 1024
/** The plaintext of every summary of one action is padded to one of these sizes (protocol 3.8). */
export const summarySizesBytes = [4096, 16_384, 32_768] as const
/** Between the soft deadline that a module sees and the kill of its process group. */
export const killGraceMs = 2000
export const moduleMemoryMegabytes = 192
export const maxProblems = 100
export const maxProblemChars = 512
/** One line of a module child's event stream. */
export const maxEventLineBytes = 256 * 1024
/** The object of one problem, usually a path: PATH_MAX of Linux. */
export const maxAboutChars = 4096
/** One string of a finding: a path of several PATH_MAX whose bytes are each shown as `\xNN`. */
export const maxEventStringChars = 65_536
export const maxEventDepth = 16
/** Lines that are no event: more are not an accident. */
export const maxDroppedEvents = 1000
/** What an event stream may cost above the elements that it brings: braces, groups, problems. */
export const eventOverheadBytes = 64
export const maxQueuedActions = 32

// --- Policy (protocol 4.4, 5) ---
export const minWeight = 1
export const maxWeight = 1000
export const maxPeople = 1000
export const maxPgpCertificateBytes = 16 * 1024
/** A key as it is exported may carry many people's signatures; they are dropped before the bound above holds. */
export const maxImportedCertificateBytes = 256 * 1024
/** A reply key (32 bytes) encrypted to ten readers takes about 4 KiB with ECC, 7 KiB with RSA-4096. */
export const maxReplyKeyBytes = 16 * 1024
export const maxPolicyVersionJump = 1000
/** Addresses that a policy tells every node to dial first: a few anchors in different places, each with a few addresses. */
export const maxPolicyBootstrap = 32
/** Members that a policy chooses to relay: two for each of a hundred offices. An entry has some hundred bytes. */
export const maxPolicyRelays = 256
export const maxCancelsPerPerson = 64

// --- Certificates and invitations (protocol 1.4) ---
export const maxInvitationSeconds = 14 * 86_400
export const maxCertificateSeconds = 366 * 86_400
export const maxTags = 32
export const maxTagChars = 128

// --- Node-signed documents (protocol 2.3) ---
export const maxNodeEnvelopeBytes = 64 * 1024
export const maxHeartbeatBytes = 16 * 1024

// --- Detail pages ---
export const detailPageBytes = 64 * 1024
export const maxDetailPages = 256
/** Fetched pages that an investigator's node keeps, to show them again and to give them to others: sixteen of the largest results. */
export const maxKeptPageBytes = 256 * 1024 * 1024
/** One page on its way; a relay carries one in 30 ms. */
export const detailPageWaitMs = 15_000
/** Other investigators' nodes that are asked for pages which their agent does not give; each may use up the time of a session. */
export const maxDetailSources = 8

// --- Store (protocol D7) ---
/** Kept beside a database and deleted when the disk is full: reopening must write the log out again as tables,
 *  which is at most two write buffers and one group each. */
export const ballastBytes = 4 * 1024 * 1024
/** With less than this left on the disk a node refuses new actions: what it has accepted must still get its outcome. */
export const minFreeDiskBytes = 64 * 1024 * 1024
/** LevelDB's own default is 4 MiB; two such logs would not fit into the ballast. */
export const storeWriteBufferBytes = 1024 * 1024
/** Writes that wait for the disk together are made in one batch up to this size. */
export const maxWriteGroupBytes = 512 * 1024
export const maxKeyChars = 512
/** Copies of damaged databases kept beside the repaired one; the oldest goes first. */
export const maxQuarantines = 3
/** Keys, certificates, counters, remembered addresses: nothing in a state directory outside the store is larger. */
export const maxPrivateFileBytes = 4 * 1024 * 1024

// --- Mesh: gossip (protocol 6.4), all far below gossip's own 4 MiB, at which it goes silent ---
/** A body of 64 KiB with eight signatures of 4 KiB and what is around them. */
export const maxActionGossipBytes = 100 * 1024
/** A policy of 1 MiB with its signatures. */
export const maxPolicyGossipBytes = 1126 * 1024
/** A node envelope of 64 KiB (results, presence) and what is around it. */
export const maxNodeGossipBytes = 72 * 1024
/** Messages a minute of one publisher, and how many may come at once. Only people send actions and policies. */
export const actionGossipPerMinute = 20
export const actionGossipBurst = 40
export const policyGossipPerMinute = 120
export const policyGossipBurst = 120
/** An agent that empties its outbox after an outage sends hundreds of answers at once. */
export const nodeGossipPerMinute = 600
export const nodeGossipBurst = 600
/** Publishers whose rate is remembered; a forgotten one starts with a full burst. */
export const maxRatedPublishers = 20_000
/** A verdict that takes longer is logged: peers wait for it. */
export const gossipVerdictSlowMs = 100
/** A verdict that takes longer is *ignore*. Not 100 ms: on a busy machine that would turn load into lost messages. */
export const gossipVerdictLimitMs = 2000
/** What is queued for a peer that does not read; its stream is cut beyond it and opened anew by the watchdog. */
export const maxGossipOutboundBytes = 8 * 1024 * 1024
/** Read ahead of its use on one stream; then the other side waits. */
export const streamReadAheadBytes = 256 * 1024
/** What the other side may send before we read: 10 MB/s over a line of 100 ms. */
export const maxStreamWindowBytes = 1024 * 1024

// --- Mesh: admission (protocol 1.5) and connections ---
/** From the connection's opening until both sides have judged. */
export const enrolLimitMs = 5000
/** Certificate, invitation and policy, which may be 1 MiB, twice over while a root changes. */
export const maxCredentialBytes = 3 * 1024 * 1024
/** Credentials above this wait for one of a few places, so that strangers cannot fill the memory. */
export const smallCredentialBytes = 256 * 1024
export const maxLargeCredentialsAtOnce = 16
/** A link on which nothing has come for so long is pinged by whoever dialled it … */
export const linkQuietOutboundMs = 20_000
/** … and by the other end when that has not happened. */
export const linkQuietInboundMs = 30_000
/** Silence after a ping that ends a link: a dead one is noticed within 45 s by both ends. A frame of 64 KiB takes 16 s on a line of
 *  32 kbit/s, but then its bytes have come in between. */
export const pongLimitMs = 15_000
/** Streams of one connection, in all protocols together; a member needs about twenty. */
export const maxMuxedStreams = 128
export const maxRefusalReasonBytes = 512
/** How long a refused peer has to read why. */
export const verdictLingerMs = 500
/** Inbound connections of peers that are not admitted (yet). A join costs a relay 20 to 35 ms of one core, so more than
 *  this could not be judged within `enrolLimitMs`: all would be cut off and come again, and none would get in. */
export const maxStrangersRelay = 128
export const maxStrangersOther = 64
export const maxConnectionsRelay = 5000
export const maxConnectionsInvestigator = 1000
export const maxConnectionsAgent = 200
/** Inbound connections a second from one address: a whole office behind one NAT comes back at once. */
export const maxConnectionsPerSecondPerAddress = 500
/** Connections younger than this are kept when the peer opens one and says it knows no other. */
export const replaceableLinkMs = 5000
export const maxServedStreamsPeer = 8
export const streamCloseLimitMs = 5000
/** Where gossip has not said that it is on by then, the member is announced all the same. */
export const gossipOnLimitMs = 2000

// --- Mesh: supervisor ---
export const maxBackOffMs = 30_000
/** A refusal rarely changes within seconds, but it does change: a policy arrives, a clock is set. */
export const refusedBackOffMs = 5000
export const maxRefusedBackOffMs = 300_000
/** An admitted link may be without gossip this long before it is repaired. */
export const gossipRepairAfterMs = 2000
export const supervisorTickMs = 1000
/** Between two looks through the address book for relays that are not linked, when none was found. */
export const relaysAgainMs = 5000
export const maxDialsAtOnce = 4
/** The same for a node that has no link at all: each dial into nowhere takes `dialLimitMs`, and of the address book one may be left. */
export const maxDialsAtOnceAlone = 16
/** A handshake across the world takes less; a node without links then dials the next one besides. */
export const slowDialMs = 1500
/** Peers whose failures are remembered: the whole address book, and as many that others told of since. */
export const maxRememberedAttempts = 4096
export const dialLimitMs = 10_000
export const maxAddressesPeer = 16
export const maxAddressChars = 512
/** A link that lives shorter than this counts as a failure, or accepting and hanging up would make us dial in a loop. */
export const stableLinkMs = 10_000

// --- Mesh: reach through relays (protocol 6.8) ---
/** Relays that a node without a reachable address lets itself be reached through, in different places where it can. */
export const wantedReservations = 2
/** Reservations are kept on the relay's monotonic clock, so a clock that is wrong by minutes breaks none … */
export const reservationTtlMs = 30 * 60_000
/** … and are renewed long before: five renewals may be lost. */
export const reservationRenewMs = 5 * 60_000
export const reservationAskLimitMs = 5000
/** After a policy has dropped a relay, before it is asked whether it still is one: gossip has told it by then. */
export const droppedRelayAskMs = 2000
/** Reservations that a relay grants; about 100 bytes and one idle link each. A member that relays by the way helps its office. */
export const maxReservationsRelay = 4000
export const maxReservationsOther = 100
/** Addresses of one relay that others are told to dial: one for the office, one for outside, in IPv4 and IPv6. */
export const maxAddressesRelay = 4
/** What a node tells others of itself, its relays' addresses included: as many as an address book keeps. */
export const maxOwnAddresses = 8
/** Of one hop, stop or reach message: a peer id and a few addresses. */
export const maxCircuitMessageBytes = 4096
/** Between a request for a circuit and its being open. */
export const circuitOpenLimitMs = 10_000
/** Circuits that run at once, of one peer as either end and of all together. An investigator that fetches details from many
 *  agents needs most; each costs the relay two streams of at most 256 KiB read ahead. */
export const maxCircuitsPeer = 64
export const maxCircuitsRelay = 1000
export const maxCircuitsOther = 64
/** Then a circuit is cut and has to be asked for anew: a session has at most 64 MiB, a whole detail 16 MiB. */
export const maxCircuitBytes = 512 * 1024 * 1024
export const maxCircuitMs = 12 * 3_600_000
/** Bytes a second that a relay carries for one sender and for all; who sends faster is read more slowly. At once goes what
 *  fills the burst: a whole detail in the first second. A member that is no relay gives away less of its line. */
export const relayedBytesPerSecondPeer = 2 * 1024 * 1024
export const relayedBurstBytesPeer = 32 * 1024 * 1024
export const relayedBytesPerSecondRelay = 32 * 1024 * 1024
export const relayedBytesPerSecondOther = 4 * 1024 * 1024
/** Peers whose relayed bytes are remembered; the one that was quiet longest goes first. The busiest of them are shown. */
export const maxAccountedPeers = 4096
export const maxShownAccounts = 100
/** Direct addresses are dialled first; an address that does not answer must not use up the time of the circuits. */
export const directHeadStartMs = 1500
export const circuitDialLimitMs = 5000
/** A direct link has to last this long before the relayed ones beside it are given up. */
export const relayedLinkSpareMs = 15_000
/** One dial back to a member that asks whether it can be reached, and how many run at once. */
export const dialBackLimitMs = 4000
export const maxDialBacksAtOnce = 8
export const maxDialBackPorts = 4
/** Questions a minute of one member, and how often it asks each relay again. */
export const dialBacksPerMinute = 6
export const reachCheckMs = 10 * 60_000
export const reachRetryMs = 60_000
/** Neighbours hear of new addresses within this time, and a collector by a heartbeat: relays come and go together. */
export const tellMovedMs = 1000

// --- Mesh: hole punching (protocol 6.10, decisions/hole-punching.md) ---
/** Below are services that answer; a peer's own punch port is never there. */
export const minPunchPort = 1024
/** Local ports to punch from: below the range that Linux gives out by itself (32768), above where services register. */
export const firstPunchPort = 20_000
export const punchPorts = 12_000
/** Each with fresh ports: a firewall that answers with RST has spoilt the old ones, and another time the packets may cross. */
export const punchAttempts = 3
/** From opening the stream to the end: two probes, five messages, two dials, one simultaneous open. */
export const punchAttemptMs = 15_000
/** The kernel repeats a SYN after 1 and 3 s; what is not through then is not let through. */
export const punchConnectMs = 4000
/** To an address that a relay has borne out: it answers at once or a firewall drops it. */
export const oneSidedDialMs = 1500
export const maxPunchFrameBytes = 1024
export const maxPunchListen = 4
/** Attempts of one peer that are answered: three for each time that it joins. */
export const punchesPerMinutePeer = 6
/** Attempts of all peers together, so that members who conspire cannot make a node scan: three SYNs each. */
export const punchesPerMinute = 60
export const maxPunchesAtOnce = 8
/** Between two attempts, with jitter. */
export const punchPauseMs = 500
/** Observations that a relay holds; each ends with its connection. */
export const maxObservations = 512
export const observesPerMinutePeer = 60
export const observeLimitMs = 5000

// --- Mesh: ways out of a network that lets out HTTP only (protocol 6.3) ---
export const maxProxyUrlChars = 2048
/** Head of a proxy's answer to CONNECT: a status line and a few fields. */
export const maxProxyAnswerBytes = 8192
/** How long a direct attempt is alone before the proxy is asked besides, and the same where only the proxy has led anywhere. */
export const proxyHeadStartMs = 1500
export const knownProxyHeadStartMs = 200
/** A direct attempt where there is a proxy: a firewall that drops packets must not use up the time of a peer's other addresses. */
export const directDialLimitMs = 3000
/** One WebSocket message; ours hold one Noise message (64 KiB) at most, other programs' a few. */
export const maxWebSocketMessageBytes = 1024 * 1024

// --- Mesh: discovery in the office by multicast DNS (protocol 6.3) ---
/** Members that were heard of and are not linked; three links are all that a node wants of them. */
export const maxLanNeighbours = 32
/** New ones a minute, of all and of one sender's address. Anybody in the office can send such packets; who cannot forge senders
 *  leaves room for others, and who can keeps the office from being found by multicast, but nothing else. */
export const lanNeighboursPerMinute = 64
export const lanNeighboursPerMinuteAddress = 4
export const lanNeighbourMs = 10 * 60_000
/** Dials to them at once: made-up neighbours must not take the places of those that are known. */
export const maxLanDialsAtOnce = 2
/** How long the one with the higher id leaves the dialling to the other. */
export const lanDialGraceMs = 5000
/** Between two questions of a node that lacks links; doubled each time. */
export const minLanQuestionMs = 1000
export const maxLanQuestionMs = 60_000
/** Between two answers, however often one is asked. */
export const lanAnswerGapMs = 1000

// --- Targets (protocol 3.3) ---
/** All regular expressions of one target together. The longest fact is a heartbeat's environment (16 KiB); a step
 *  costs a few nanoseconds a character, so evaluating stays well below a tenth of a second. */
export const maxTargetRegexInstructions = 1000
/** What a message may quote of a target: PostgreSQL's own quote the rest of the text. */
export const maxQuotedTargetChars = 120
/** A repair that did not come to its end so often is not begun again: LevelDB may abort the process on damage. */
export const maxRepairAttempts = 2

// --- Node keys ---
/** Parsed public keys that a process keeps ready; a member's key costs some hundred bytes. */
export const maxCachedPublicKeys = 4096

// --- Sync (protocol 6, 7): one session exchanges differences in bounded batches ---
/** The largest item: a policy bundle with its signatures. */
export const maxItemBytes = maxPolicyBytes + 64 * 1024
/** Batches of this size move 100 times faster than single records (reference/libp2p.md 5). */
export const syncBatchBytes = 256 * 1024
export const maxSyncFrameBytes = maxItemBytes + syncBatchBytes
/** Marks that a hello lists of one kind: of what is compared, `leafMarks`; an agent's own answers may be more. */
export const maxHelloMarks = 4096
export const maxSyncBytes = 64 * 1024 * 1024
/** Parts of a set with at most so many marks are listed, not fingerprinted: a list of 512 bytes costs what sixteen fingerprints do. */
export const leafMarks = 32
/** One message of a reconciliation; what does not fit is left to the next session. Some 2,000 parts side by side, and the memory
 *  that a member can make us spend on its say-so. */
export const maxTurnBytes = 1024 * 1024
/** Each turn goes one hex digit deeper into marks of 32; a million marks need seven turns. */
export const maxTurns = 36
/** While an item is asked of one neighbour, others are not asked for it: so long a session of 64 MiB takes over 100 Mbit/s. */
export const claimMs = 6000
/** Neighbours of which it is remembered that they did not give what they had said they have. */
export const maxUnreliablePeers = 1000
/** Frames of items that are read ahead while those before them are judged and written. */
export const maxEnteringBytes = 2 * 1024 * 1024
/** Items that are read from the disk side by side. */
export const readBatchMarks = 64
/** Items that one side asks for in one session; results of 6 KiB fill `maxSyncBytes` with two thirds of them. */
export const maxWantedMarks = 16_384
export const syncDeadlineMs = 60_000
/** Each side stops sending after this, so that both have their turn on a slow line, and the next session goes on. */
export const maxSendMs = 20_000
export const maxSharedAddresses = 32
/** A neighbour is told of whom it has been told already. */
export const tellAgainMs = 3_600_000
/** Clocks of members that differ by no more agree: well within `clockToleranceSeconds`, and above the minute that a hello may wait in a
 *  session. */
export const clockDiffersMs = 2 * 60_000
/** So many neighbours outvote one that lies or is wrong itself. */
export const enoughClocks = 3
/** Between two log lines on this node's own clock. */
export const clockLogGapMs = 3_600_000
/** Members whose clock is remembered from when they were last met; a hub's neighbours several times over, a few hundred bytes each. */
export const maxMetClocks = 4096
/** Links to the nearest collector that are still counted; this many means that no way is known. A way that is gone is therefore
 *  forgotten after so many exchanges at most, as in RIP (RFC 2453, 3.4), which counts to 16. */
export const maxHops = 8
/** Answers of others that an agent carries: a cut-off office of 200 hosts and ten questions (protocol 6.1). */
export const maxCarried = 2048
/** Actions of which an investigator's node knows by heart what has changed when; of another it reads all answers again. */
export const maxFollowedActions = 64
/** Answers that are given to a follower at once: 64 summaries of at most 32 KiB stay below `maxGateFrameBytes`. */
export const maxUpdateAnswers = 64
/** Results of unknown actions that a collector keeps apart: a small fleet's answers to a question that comes after them. */
export const maxAsideResults = 512
/** Of these, of one agent: more questions than are under way at once, and at most 48 KiB each. */
export const maxAsidePeer = 8
/** The same in bytes; a summary of 4 KiB makes 7 KiB of them. */
export const maxCarriedBytes = 16 * 1024 * 1024
/** Of these, of one answering peer: twice as many as there are questions in an ordinary week. */
export const maxCarriedPeer = 64
/** Neighbours that one answer is handed to: the first at once … */
export const maxCarriers = 3
/** … the next when no receipt has come within this time, and each further one after ten times as long: a carrier may drop everything. */
export const nextCarrierAfterMs = 30_000
/** Latest heartbeats that an agent keeps of its neighbours and of those behind them; about 2 KiB each. */
export const maxKeptHeartbeats = 256
/** After a start an agent runs nothing until a collector, or as many neighbours as it keeps links, have had the chance to say that it runs
 *  from a copy (protocol 7.1), but it waits no longer than this: whoever reaches nobody is asked by hand. */
export const meetLimitMs = 5000
/** Neighbours that are told when a way to a collector is found. They tell as many in turn: not everybody everybody. */
export const maxToldNeighbours = 3
/** Answers of its own whose bytes an agent keeps ready between showing their marks and being asked for them. */
export const maxShownAnswers = 256
/** Answers handed over in one session; the rest with the next. */
export const maxHandOverBytes = 4 * 1024 * 1024
export const maxAwaited = 1024

// --- Sealed summaries (protocol 3.8) ---
export const maxSummaryErrors = 1024
export const maxSummaryErrorChars = 8192
export const maxSummaryReasonChars = 512

// --- Reading files (module file) ---
/** A gzip stream is given up, and reported, beyond this size … */
export const maxDecodedBytes = 1024 * 1024 * 1024
/** … or, past the first decoded bytes, beyond this ratio (deflate itself reaches 1032; real logs stay far below). */
export const maxDecodedRatio = 250
export const decodedBytesBeforeRatio = 64 * 1024 * 1024
/** Looking into archives: entries of one file with all that is nested in it (a large monorepo or a JDK stays below), … */
export const maxArchiveEntries = 1_000_000
/** … bytes decoded in it altogether; one entry has `maxDecodedBytes` and `maxDecodedRatio`; … */
export const maxArchiveBytes = 8 * 1024 * 1024 * 1024
/** … memory for zips that lie packed in other archives, and for the windows of decoders (xz -9 wants 64 MiB); … */
export const maxArchiveHeldBytes = 80 * 1024 * 1024
/** … and archives in one another: what is asked for when nothing is said, and the most that may be asked for. */
export const defaultArchiveDepth = 6
export const maxArchiveDepth = 16
/** Lines of one file that a hit tells one by one for each content expression, and for all of them (an event holds 256 KiB). */
export const maxLinePlaces = 100
export const maxElementPlaces = 1000
/** Directories below one another in a walk. */
export const maxWalkDepth = 20_000

// --- Refusals ---
/** Of a refusal's reason; a status has room for 512 characters, its code included (protocol 4.5). */
export const maxReasonChars = 400
/** Members whose addresses are remembered; some hundred bytes each. */
export const maxAddressBook = 2000
/** Between two sessions with a random member, when nothing happens: so long for each doubling of the members known, since news spreads
 *  through n nodes in log n rounds of random pairs (Demers et al., 1987). 45 s up to eight members, 200 s for 10,000. */
export const syncStepMs = 15_000
/** Before a side that did not open a session goes on with one of its own: the other may go on, too. */
export const syncOnAfterMs = 1000
/** Links a member holds (protocol 6.3). */
export const minLinks = 3
/** One pasted line. */
export const maxInvitationStringChars = 64 * 1024
export const maxInvitationAddresses = 16

// --- Agents: heartbeats and outbox (protocol 6, 7.2) ---
export const heartbeatIntervalMs = 300_000
/** First retry of an answer by session, doubled each time: gossip usually was faster. */
export const minOutboxDelayMs = 2000
export const maxOutboxDelayMs = 300_000

// --- gpg ---
/** A person may have to find their card and its PIN. */
export const gpgTimeoutMs = 300_000
/** Of stdout and of stderr: a keyring's listing fits, a decompression bomb does not. */
export const maxGpgOutputBytes = 4 * 1024 * 1024

// --- Roster (protocol 3.3) ---
export const idleAfterMs = 15 * 60_000
export const offlineAfterMs = 24 * 3_600_000
/** How long a command waits for the first session with a collector before it freezes the expected set (protocol 6.5). */
export const rosterWaitMs = 5000
/** How long a policy that was published waits for its members to take it: a session with each of them, twice. */
export const handOnWaitMs = 5000

// --- Module hosts, as the gate watches them ---
export const moduleHeapMegabytes = 128
/** Threads of one operation: each takes up to 30 MB, and an operation may take no more than is watched for. */
export const maxModuleThreads = 3
/** What V8 may keep of a thread's own objects; buffers are apart. */
export const threadHeapMegabytes = 48
/** A host that nobody needed for so long ends: an agent that is not asked holds no memory for it. */
export const hostLingerMs = 10_000
/** Operations of one host, after which a fresh process takes over. */
export const maxHostRuns = 64
/** CPU time that a host may have used and still be given work: the kernel's limit is the operation's own and this on top. */
export const hostSpareCpuSeconds = 2
/** Resident memory above which a host is not given more work. */
export const maxIdleHostMegabytes = 96
export const watchIntervalMs = 200
/** One message between mesh process and gate: an action or a policy, in base64, with what belongs to it. */
export const maxGateFrameBytes = 4 * 1024 * 1024
/** Requests of the mesh process that the gate has not answered; more have to wait. */
export const maxGatePending = 64

// --- The mesh process, as the gate process starts it again ---
export const minRestartDelayMs = 250
export const maxRestartDelayMs = 30_000
export const meshHeapMegabytes = 256
/** What the mesh process may hold in all, where the kernel shows it. At rest it is below 100. */
export const meshMemoryMegabytes = 448
export const meshWatchIntervalMs = 1000
/** Commands that talk to one running node at once. */
export const maxControlConnections = 32

// --- The command line ---
export const maxPassphraseChars = 1024
/** A configuration, a policy or a list of bootstrap peers, read from a file. */
export const maxTextFileBytes = 4 * 1024 * 1024

// --- Files that people hand to commands ---
/** An action of 512 KiB, pretty-printed, with its signatures and reply keys. */
export const maxActionFileBytes = 2 * 1024 * 1024
/** An exported roster of some ten thousand agents. */
export const maxRosterFileBytes = 64 * 1024 * 1024

// --- Demo ---
/** A node of the demo says that it is up within this time, also on a machine that is busy installing. */
export const demoStartMs = 30_000
/** Answers that the gate hands out in one call, so that they fit a message; a largest result has some 50 KB. */
export const maxOutboxCallBytes = 1024 * 1024
/** Malformed requests over one line, after which the gate hangs up. */
export const maxBadGateRequests = 16
/** How long what a module child wrote may take to arrive after its end. */
export const drainGraceMs = 1000
/** Items in one gossip message: receipts travel together. */
export const maxGossipItems = 64
/** Receipts that are made within this time travel in one message. */
export const receiptBatchMs = 150
/** The same where gossip reached nobody. */
export const unheardDelayMs = 100
/** Answers that reached a collector by session within this time go on to others in one. */
export const passAnswersOnMs = 300
/** Heartbeats that reached a collector by session within this time go on to others in one. */
export const passHeartbeatsOnMs = 500

// --- Check-ins (`mig agent checkin`) ---
export const defaultCheckinMs = 120_000
/** Between two looks at whether the gate has finished; a module takes longer than this to start. */
export const gatePollMs = 100
/** After the first link, others have so long to come up before the first session: one of them may be the question's origin. */
export const checkinSettleMs = 500
/** After every answer is with a collector, receipts may still come by; leaving without them costs only a repeat. */
export const checkinReceiptWaitMs = 3000
/** For the last sessions when time is up while a module still ran. */
export const checkinLastSessionMs = 10_000
/** Sessions with one member in a check-in, each up to 64 MiB: a member that always has more does not hold us. */
export const maxCheckinSessions = 100
/** What the mesh process says at its end: some hundred bytes a member that was reached. */
export const maxCheckinReportBytes = 256 * 1024
export const maxReachedMembers = 256

// --- Bundles: the mesh on a stick (protocol 10) ---
/** Some 170,000 answers of 4 KiB. A bundle is read and written piece by piece; this bounds the time that a hostile one takes. */
export const maxBundleBytes = 1024 * 1024 * 1024
/** An honest answer has 6 KB: more items than this in 1 GiB were made to cost time. */
export const maxBundleItems = 250_000
/** A block is begun anew beyond this size; with the largest item at its end it stays below the next. */
export const bundleBlockBytes = syncBatchBytes
export const maxBundleBlockBytes = maxSyncFrameBytes
export const maxBundleBlockItems = 4096
/** Items that no honest node would have let in (protocol 4.1): after so many of them the rest of a bundle is not looked at. */
export const maxBundleRejects = 1000
/** What the confined process says of a bundle: ten kinds with a handful of codes each. */
export const maxBundleReportBytes = 64 * 1024
/** Exports that an investigator's node has begun and not finished; the oldest is given up. */
export const maxOpenExports = 8
/** Actions named one by one for a bundle. */
export const maxChosenActions = 256

// --- Scanning (modules/scan) ---
/** Instructions of all patterns of one scan together: 13 bytes each, and 16 to work in. */
export const maxScanInstructions = 2_000_000
/** Cells of the table of a lazy DFA, and instructions in its states together, four bytes each: 8 MiB. Parts of it, and several that are
 *  used at a time, share it. */
export const maxDfaCells = 1024 * 1024
/** States of one lazy DFA, beside what their rows take. */
export const maxDfaStates = 16_384
/** Bytes taken and instructions looked at between two breaths: a millisecond or two. */
export const scanWorkBetweenBreaths = 256 * 1024
/** The beginning of a line that is kept until the rest comes, so that the line can be searched for literals; a longer one goes
 *  through the automaton at once. */
export const maxHeldLineBytes = 1024 * 1024
