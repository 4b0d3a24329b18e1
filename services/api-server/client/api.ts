// Written by `bun run derive` from the routes of api-server. Do not edit.

type Refusal = {
  content: {
    'application/problem+json': { type: string; title: string; status: number; code: string; detail: string }
  }
}

/** What each operation takes and answers, as openapi-fetch wants it. */
export type paths = {
  "/api/v1/admin/config": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": { services: ({ service: string; settings?: ({ key: string; value?: string; secret?: boolean })[]; failure?: string })[] } } }; default: Refusal } }
  }
  "/api/v1/admin/keys/rotate": {
    post: { parameters: {  }; responses: { 200: { content: { "application/json": { kid: string } } }; default: Refusal } }
  }
  "/api/v1/admin/metrics": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": { services: ({ service: string; failure?: string; p99_ms?: number; requests?: number; errors?: number; memory_bytes?: number })[]; requests: number; errors: number; memory_bytes: number } } }; default: Refusal } }
  }
  "/api/v1/admin/services": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": { services: ({ service: string; status: string; version?: string })[] } } }; default: Refusal } }
  }
  "/api/v1/anchors": {
    get: { parameters: { query?: { limit?: string | number; after?: string | number } }; responses: { 200: { content: { "application/json": { anchors: ({ session_id: string; manifest_hash: string; merkle_root: string; owner: string; started_at: number; chunk_count: number; tx_hash: string; block_number: number; block_hash: string; log_index: number })[]; next?: number } } }; default: Refusal } }
  }
  "/api/v1/anchors/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { chain_id: number; contract: string; tx_hash: string; tx_index: number; block: { number: number; hash: string; header_rlp: string }; receipt_proof: (string)[]; sealer: { public_key: string; signature: string }; event: { sessionId: string; manifestHash: string; startedAt: number; owner: string; merkleRoot: string; chunkCount: number }; tx_proof?: (string)[] } } }; default: Refusal } }
  }
  "/api/v1/audit": {
    get: { parameters: { query: { service: "api-server" | "session-orchestrator" | "session-recorder" | "session-encryptor" | "merkle-builder" | "authentication"; after?: string | number; limit?: string | number } }; responses: { 200: { content: { "application/json": { entries: ({ action: string; caller?: string; actor?: string; params: Record<string, string | number | boolean>; reason?: string; request_id?: string; status?: number; seq: number; at: number; prev: string; hash: string })[]; heads: ({ service: string; seq: number; hash: string; at: number; public_key: string; signature: string })[] } } }; default: Refusal } }
  }
  "/api/v1/events": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": unknown } }; default: Refusal } }
  }
  "/api/v1/me": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": { address: string; roles: (string)[]; permissions: (string)[] } } }; default: Refusal } }
  }
  "/api/v1/roles": {
    get: { parameters: {  }; responses: { 200: { content: { "application/json": { roles: Record<string, (string)[]> } } }; default: Refusal } }
  }
  "/api/v1/sessions": {
    post: { parameters: {  }; requestBody: { content: { "application/json": { owner_x25519?: string; participants?: (string)[]; observers?: (string)[]; policy?: { snapshot: { v: 1; nonce: string; owner: string; created_at: number; valid_until: number; channels: { input: { to_session: "denied" | "on_request" | "allowed" }; clipboard: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed"; max_bytes: number }; files: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed"; max_bytes: number }; audio: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed" }; printing: { from_session: "denied" | "on_request" | "allowed"; max_bytes: number } }; participants: (string)[]; observers: (string)[]; approvers: (string)[]; on_violation: "block" | "void" }; signature: string } } } }; responses: { 201: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
    get: { parameters: { query?: { state?: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; all?: "true" | "false"; limit?: string | number; cursor?: string } }; responses: { 200: { content: { "application/json": { sessions: ({ id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } })[]; next?: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
    delete: { parameters: { path: { id: string } }; responses: { 202: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/actions": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { channel: "input" | "clipboard" | "files" | "audio" | "printing"; direction: "to_session" | "from_session"; bytes: number } } }; responses: { 200: { content: { "application/json": { outcome: "allowed" | "blocked" | "void"; rule: string; says: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/audit": {
    get: { parameters: { path: { id: string }; query?: { after?: string | number; limit?: string | number } }; responses: { 200: { content: { "application/json": { events: ({ seq: number; at: number; type: "created" | "policy-set" | "participant-admitted" | "observer-admitted" | "active" | "paused" | "request-made" | "request-decided" | "action-decided" | "suspended" | "resumed" | "voided" | "expired" | "failed" | "recording-ended" | "recording-broken-off" | "chunk-times" | "gap" | "sealed" | "anchored" | "anchor-lost"; body?: Record<string, unknown>; salt?: string; digest: string; prev: string; hash: string } | { seq: number; at: number; event: string; prev: string; hash: string })[]; fault?: { seq: number; detail: string } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/bundle": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": unknown } }; default: Refusal } }
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { grant: { expires: number; signature: string } } } }; responses: { 200: { content: { "application/json": unknown } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/chunks": {
    get: { parameters: { path: { id: string }; query?: { from?: string | number; limit?: string | number } }; responses: { 200: { content: { "application/json": { chunks: ({ index: number; plain: number; comp: number; cipher: number; leaf: string; sha256: string; nonce: string; at: number })[]; chunk_count: number; next?: number } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/chunks/{index}": {
    get: { parameters: { path: { id: string; index: string | number } }; responses: { 200: { content: { "application/json": unknown } }; 206: { content: { "application/json": unknown } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/chunks/{index}/proof": {
    get: { parameters: { path: { id: string; index: string | number } }; responses: { 200: { content: { "application/json": { chunk_index: number; leaf: string; path: ({ hash: string; side: "L" | "R" })[]; root: string; chunk_count: number } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/end": {
    post: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { id: string; state: string; received: number; acknowledged: number; chunks: number; complete: boolean; error?: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/events": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": unknown } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/join": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { as: "participant" | "observer" } } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/manifest": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { manifest: string; alg: "Ed25519"; public_key: string; signature: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/pause": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { reason: string } } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/policy": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { snapshot: { v: 1; nonce: string; owner: string; created_at: number; valid_until: number; channels: { input: { to_session: "denied" | "on_request" | "allowed" }; clipboard: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed"; max_bytes: number }; files: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed"; max_bytes: number }; audio: { to_session: "denied" | "on_request" | "allowed"; from_session: "denied" | "on_request" | "allowed" }; printing: { from_session: "denied" | "on_request" | "allowed"; max_bytes: number } }; participants: (string)[]; observers: (string)[]; approvers: (string)[]; on_violation: "block" | "void" }; signature: string; hash: string; says: (string)[] } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/recording": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { id: string; state: string; received: number; acknowledged: number; chunks: number; complete: boolean; error?: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/requests": {
    get: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { requests: ({ channel: "input" | "clipboard" | "files" | "audio" | "printing"; direction: "to_session" | "from_session"; bytes: number; reason: string; id: string; person: string; state: "pending" | "approved" | "refused" | "expired"; asked_at: number; expires_at: number; decided_by?: string; decided_at?: number })[] } } }; default: Refusal } }
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { channel: "input" | "clipboard" | "files" | "audio" | "printing"; direction: "to_session" | "from_session"; bytes: number; reason: string } } }; responses: { 200: { content: { "application/json": { channel: "input" | "clipboard" | "files" | "audio" | "printing"; direction: "to_session" | "from_session"; bytes: number; reason: string; id: string; person: string; state: "pending" | "approved" | "refused" | "expired"; asked_at: number; expires_at: number; decided_by?: string; decided_at?: number } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/requests/{request}/decision": {
    post: { parameters: { path: { id: string; request: string } }; requestBody: { content: { "application/json": { approve: boolean } } }; responses: { 200: { content: { "application/json": { channel: "input" | "clipboard" | "files" | "audio" | "printing"; direction: "to_session" | "from_session"; bytes: number; reason: string; id: string; person: string; state: "pending" | "approved" | "refused" | "expired"; asked_at: number; expires_at: number; decided_by?: string; decided_at?: number } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/restore": {
    post: { parameters: { path: { id: string } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/resume": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { reason: string } } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/stream": {
    patch: { parameters: { path: { id: string }; query: { offset: string | number; end: "true" | "false"; whole?: "true" | "false" } }; responses: { 200: { content: { "application/json": { id: string; state: string; received: number; acknowledged: number; chunks: number; complete: boolean; error?: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/terminate": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { reason: string } } }; responses: { 200: { content: { "application/json": { id: string; state: string; received: number; acknowledged: number; chunks: number; complete: boolean; error?: string } } }; default: Refusal } }
  }
  "/api/v1/sessions/{id}/void": {
    post: { parameters: { path: { id: string } }; requestBody: { content: { "application/json": { reason: string } } }; responses: { 200: { content: { "application/json": { id: string; state: "created" | "active" | "paused" | "finalizing" | "anchoring" | "anchored" | "voided" | "failed" | "expired"; pipeline?: "initialized" | "chunking" | "encrypting" | "merkle_building" | "anchoring" | "completed" | "failed"; owner: string; participants: (string)[]; observers: (string)[]; started_at: number; ended_at?: number; chunk_size: number; complete?: boolean; gaps: ({ at: number; from: number; to: number; reason: string })[]; chunk_count?: number; total_plain?: number; merkle_root?: string; manifest_hash?: string; anchor?: { tx_hash: string; block: { number: number; hash: string } }; error?: string; policy?: { hash: string; participants: (string)[]; observers: (string)[]; approvers: (string)[] }; suspended_by?: string; erasure?: { state: "waiting" | "erased"; by: string; due: number } } } }; default: Refusal } }
  }
  "/api/v1/users": {
    get: { parameters: { query?: { after?: string; limit?: string | number } }; responses: { 200: { content: { "application/json": { users: ({ address: string; email?: string; roles: ("user" | "node_worker" | "observer" | "dev" | "admin" | "server")[]; status: "active" | "closed" | "restored"; created_at: number })[]; next?: string } } }; default: Refusal } }
  }
  "/api/v1/users/{address}": {
    get: { parameters: { path: { address: string } }; responses: { 200: { content: { "application/json": { address: string; email?: string; roles: ("user" | "node_worker" | "observer" | "dev" | "admin" | "server")[]; status: "active" | "closed" | "restored"; created_at: number } } }; default: Refusal } }
    put: { parameters: { path: { address: string } }; requestBody: { content: { "application/json": { roles: ("user" | "node_worker" | "observer" | "dev" | "admin" | "server")[]; status?: "active" | "closed" } } }; responses: { 200: { content: { "application/json": { address: string; email?: string; roles: ("user" | "node_worker" | "observer" | "dev" | "admin" | "server")[]; status: "active" | "closed" | "restored"; created_at: number } } }; default: Refusal } }
  }
  "/api/v1/users/{address}/email": {
    put: { parameters: { path: { address: string } }; requestBody: { content: { "application/json": { email: unknown } } }; responses: { 200: { content: { "application/json": { address: string; email?: string; roles: ("user" | "node_worker" | "observer" | "dev" | "admin" | "server")[]; status: "active" | "closed" | "restored"; created_at: number } } }; default: Refusal } }
  }
  "/api/v1/users/{address}/factors": {
    delete: { parameters: { path: { address: string } }; responses: { 200: { content: { "application/json": { done: true } } }; default: Refusal } }
  }
}
