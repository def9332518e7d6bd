/**
 * Why a setting is accepted, checked and described, but changes nothing here. A setting names one of these as
 * `accepted`; one without it takes effect. Data only; any thread.
 */

export const THREADS = 'Work is spread over threads by millrace.io.threads and millrace.storage.workers instead.';
export const PURGATORY = 'A request that waits is dropped the moment it is answered, so there is nothing to sweep.';
export const JAVA = 'Java classes cannot be loaded here.';
export const JSSE = "It configures Java's TLS; here OpenSSL does the work.";
export const KERBEROS = 'GSSAPI is not offered.';
export const VOTER = 'This node never votes in a quorum; in a cluster the voters are Kafka controllers.';
export const CONTROLLER = 'It concerns the controller of a cluster, and there the controllers are Kafka ones.';
export const IDLE = 'The embedded controller writes nothing when nothing changes.';
export const OFFLOAD = 'Assignments are computed where the group lives; they never block a data path.';
export const LINGER = 'Records of one turn of the event loop are written together, without waiting.';
export const LOAD_BUFFER = 'Loading reads by batch and sizes its buffer by what it finds.';
export const METRICS = 'Counters are kept in shared memory and exposed without sampling or reporters.';
export const EARLY = 'All listeners open together, once authorization is ready.';
export const SOCKET_BUFFER = 'Node.js offers no way to set it; the operating system tunes the buffers itself.';
export const PIPELINE = 'Requests in flight are bounded per connection by millrace.connection.pipeline.requests.max.';
export const OWN_CLIENT = 'request.timeout.ms counts for those requests too.';
/** Stands until the feature does; a test tells when the mark has to go. */
export const NOT_YET = 'The part of the broker that will use it is not there yet.';
