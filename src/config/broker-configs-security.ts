/** Broker settings of authentication, authorization and TLS. Data only; any thread. */
import { JAVA, JSSE, KERBEROS, NOT_YET } from './accepted-reasons.ts';
import { bool, classOf, double, int, list, long, password, short, string } from './config-definition.ts';

export const SECURITY_CONFIGS = [
  password('delegation.token.secret.key', null, 'Secret that signs delegation tokens; without it there are none.', {
    accepted: NOT_YET,
  }),
  long('delegation.token.max.lifetime.ms', 604_800_000, 'Longest life of a delegation token, renewals included.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long('delegation.token.expiry.time.ms', 86_400_000, 'Life of a delegation token until it must be renewed.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long('delegation.token.expiry.check.interval.ms', 3_600_000, 'Time between two removals of expired tokens.', {
    min: 1,
    accepted: NOT_YET,
  }),
  long(
    'connections.max.reauth.ms',
    0,
    'Life of an authenticated SASL session; after it the client must authenticate anew. 0 is no bound.',
    { accepted: NOT_YET },
  ),
  int('sasl.server.max.receive.size', 524_288, 'Largest message while a client authenticates.', { accepted: NOT_YET }),
  string('security.providers', null, 'Classes that add security providers.', { accepted: JAVA }),
  classOf(
    'principal.builder.class',
    'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
    'Class that derives the principal of a connection.',
    { dynamic: 'broker', accepted: JAVA },
  ),
  string('ssl.client.auth', 'none', 'Whether clients must show a certificate: none, requested or required.', {
    oneOf: ['none', 'requested', 'required'],
    dynamic: 'broker',
  }),
  string('ssl.principal.mapping.rules', 'DEFAULT', "Rules that turn a certificate's subject into a user name.", {
    accepted: NOT_YET,
  }),
  bool('ssl.allow.dn.changes', false, 'Allows a new certificate with another subject.'),
  bool('ssl.allow.san.changes', false, 'Allows a new certificate with other alternative names.'),
  string('ssl.protocol', 'TLSv1.3', 'Name of the TLS protocol in Java.', { dynamic: 'broker', accepted: JSSE }),
  string('ssl.provider', null, 'Java provider of TLS.', { dynamic: 'broker', accepted: JSSE }),
  list('ssl.enabled.protocols', ['TLSv1.2', 'TLSv1.3'], 'TLS versions that may be used.', {
    nonEmpty: true,
    dynamic: 'broker',
  }),
  string('ssl.keystore.type', 'JKS', 'Format of the key store: PEM, PKCS12 or JKS.', {
    dynamic: 'broker',
  }),
  string('ssl.keystore.location', null, "File that holds the broker's key and certificate.", {
    dynamic: 'broker',
  }),
  password('ssl.keystore.password', null, 'Password of that file.', { dynamic: 'broker' }),
  password('ssl.key.password', null, 'Password of the private key.', { dynamic: 'broker' }),
  password('ssl.keystore.key', null, 'Private key in PEM.', { dynamic: 'broker' }),
  password('ssl.keystore.certificate.chain', null, 'Certificate chain in PEM.', {
    dynamic: 'broker',
  }),
  string('ssl.truststore.type', 'JKS', 'Format of the trust store: PEM, PKCS12 or JKS.', { dynamic: 'broker' }),
  string('ssl.truststore.location', null, 'File that holds the trusted certificates.', { dynamic: 'broker' }),
  password('ssl.truststore.password', null, 'Password of that file.', { dynamic: 'broker' }),
  password('ssl.truststore.certificates', null, 'Trusted certificates in PEM.', { dynamic: 'broker' }),
  string('ssl.keymanager.algorithm', 'SunX509', "Algorithm of Java's key manager.", {
    dynamic: 'broker',
    accepted: JSSE,
  }),
  string('ssl.trustmanager.algorithm', 'PKIX', "Algorithm of Java's trust manager.", {
    dynamic: 'broker',
    accepted: JSSE,
  }),
  string(
    'ssl.endpoint.identification.algorithm',
    'https',
    "Checks a peer's host name against its certificate; empty does not.",
    { dynamic: 'broker', accepted: NOT_YET },
  ),
  string('ssl.secure.random.implementation', null, "Java's random source for TLS.", {
    dynamic: 'broker',
    accepted: JSSE,
  }),
  list('ssl.cipher.suites', [], 'Cipher suites that may be used; empty leaves it to OpenSSL.', {
    dynamic: 'broker',
  }),
  classOf('ssl.engine.factory.class', null, 'Class that makes TLS engines.', { dynamic: 'broker', accepted: JAVA }),
  string('sasl.mechanism.inter.broker.protocol', 'GSSAPI', 'SASL mechanism between brokers.', {
    dynamic: 'broker',
    accepted: NOT_YET,
  }),
  list('sasl.enabled.mechanisms', ['GSSAPI'], 'SASL mechanisms offered to clients.', {
    nonEmpty: true,
    dynamic: 'broker',
    accepted: NOT_YET,
  }),
  classOf('sasl.server.callback.handler.class', null, 'Class that answers the questions of a SASL server.', {
    accepted: JAVA,
  }),
  list(
    'sasl.kerberos.principal.to.local.rules',
    ['DEFAULT'],
    'Rules that turn a Kerberos principal into a user name.',
    { dynamic: 'broker', accepted: KERBEROS },
  ),
  password(
    'sasl.jaas.config',
    null,
    'Login module with its options; users of PLAIN stand here as user_NAME="password".',
    { dynamic: 'broker', accepted: NOT_YET },
  ),
  classOf('sasl.client.callback.handler.class', null, 'Class that answers the questions of a SASL client.', {
    accepted: JAVA,
  }),
  classOf('sasl.login.class', null, 'Class that logs in.', { accepted: JAVA }),
  classOf('sasl.login.callback.handler.class', null, 'Class that answers the questions of a login.', {
    accepted: JAVA,
  }),
  string('sasl.kerberos.service.name', null, 'Kerberos name of the service.', {
    dynamic: 'broker',
    accepted: KERBEROS,
  }),
  string('sasl.kerberos.kinit.cmd', '/usr/bin/kinit', 'Path of kinit.', { dynamic: 'broker', accepted: KERBEROS }),
  double('sasl.kerberos.ticket.renew.window.factor', 0.8, "Share of a ticket's life after which it is renewed.", {
    dynamic: 'broker',
    accepted: KERBEROS,
  }),
  double('sasl.kerberos.ticket.renew.jitter', 0.05, 'Random part of that.', { dynamic: 'broker', accepted: KERBEROS }),
  long('sasl.kerberos.min.time.before.relogin', 60_000, 'Least time between two renewals.', {
    dynamic: 'broker',
    accepted: KERBEROS,
  }),
  double('sasl.login.refresh.window.factor', 0.8, "Share of a credential's life after which it is renewed.", {
    dynamic: 'broker',
    accepted: NOT_YET,
  }),
  double('sasl.login.refresh.window.jitter', 0.05, 'Random part of that.', { dynamic: 'broker', accepted: NOT_YET }),
  short('sasl.login.refresh.min.period.seconds', 60, 'Least time between two renewals.', {
    dynamic: 'broker',
    accepted: NOT_YET,
  }),
  short('sasl.login.refresh.buffer.seconds', 300, 'Time before expiry that is kept free for a renewal.', {
    dynamic: 'broker',
    accepted: NOT_YET,
  }),
  int('sasl.login.connect.timeout.ms', null, 'Longest wait for a connection to the token provider.', {
    accepted: NOT_YET,
  }),
  int('sasl.login.read.timeout.ms', null, "Longest wait for the token provider's answer.", { accepted: NOT_YET }),
  long('sasl.login.retry.backoff.max.ms', 10_000, 'Longest pause between two tries to log in.', { accepted: NOT_YET }),
  long('sasl.login.retry.backoff.ms', 100, 'First pause between two tries to log in.', { accepted: NOT_YET }),
  classOf(
    'sasl.oauthbearer.jwt.retriever.class',
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
    'Class that fetches tokens.',
    { accepted: JAVA },
  ),
  classOf(
    'sasl.oauthbearer.jwt.validator.class',
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator',
    'Class that checks tokens.',
    { accepted: JAVA },
  ),
  string('sasl.oauthbearer.scope', null, 'Scope asked of the token provider.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.client.credentials.client.id', null, 'Client id for the token provider.', {
    accepted: NOT_YET,
  }),
  password('sasl.oauthbearer.client.credentials.client.secret', null, 'Client secret for the token provider.', {
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.assertion.algorithm', 'RS256', 'Algorithm that signs assertions.', {
    oneOf: ['ES256', 'RS256'],
    anyCase: true,
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.assertion.claim.aud', null, 'Audience claim of assertions.', { accepted: NOT_YET }),
  int('sasl.oauthbearer.assertion.claim.exp.seconds', 300, 'Life of an assertion.', {
    min: 0,
    max: 86400,
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.assertion.claim.iss', null, 'Issuer claim of assertions.', { accepted: NOT_YET }),
  bool('sasl.oauthbearer.assertion.claim.jti.include', false, 'Gives assertions a unique id.', { accepted: NOT_YET }),
  int('sasl.oauthbearer.assertion.claim.nbf.seconds', 60, 'How far before now an assertion becomes valid.', {
    min: 0,
    max: 3600,
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.assertion.claim.sub', null, 'Subject claim of assertions.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.assertion.file', null, 'File that holds a ready assertion.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.assertion.private.key.file', null, 'File with the key that signs assertions.', {
    accepted: NOT_YET,
  }),
  password('sasl.oauthbearer.assertion.private.key.passphrase', null, 'Password of that key.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.assertion.template.file', null, 'File with claims and headers for assertions.', {
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.scope.claim.name', 'scope', 'Claim that holds the scope.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.sub.claim.name', 'sub', 'Claim that holds the user name.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.token.endpoint.url', null, 'Address of the token provider.', { accepted: NOT_YET }),
  string('sasl.oauthbearer.jwks.endpoint.url', null, 'Address of the keys that tokens are checked with.', {
    accepted: NOT_YET,
  }),
  long('sasl.oauthbearer.jwks.endpoint.refresh.ms', 3_600_000, 'Time after which those keys are fetched again.', {
    accepted: NOT_YET,
  }),
  long('sasl.oauthbearer.jwks.endpoint.retry.backoff.ms', 100, 'First pause between two tries of that.', {
    accepted: NOT_YET,
  }),
  long('sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms', 10_000, 'Longest pause between two tries of that.', {
    accepted: NOT_YET,
  }),
  int('sasl.oauthbearer.clock.skew.seconds', 30, 'Difference of clocks that is tolerated.', { accepted: NOT_YET }),
  bool('sasl.oauthbearer.allow.unverified.audience', false, 'Takes tokens without checking their audience.', {
    accepted: NOT_YET,
  }),
  list('sasl.oauthbearer.expected.audience', [], 'Audiences that a token may have.', { accepted: NOT_YET }),
  bool('sasl.oauthbearer.allow.unverified.issuer', false, 'Takes tokens without checking their issuer.', {
    accepted: NOT_YET,
  }),
  string('sasl.oauthbearer.expected.issuer', null, 'Issuer that a token must have.', { accepted: NOT_YET }),
  string('super.users', '', 'Principals that may do everything: User:name, separated by semicolons.', {
    accepted: NOT_YET,
  }),
  bool('allow.everyone.if.no.acl.found', false, 'Allows what no ACL speaks about, instead of denying it.', {
    accepted: NOT_YET,
  }),
] as const;
