using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Service.Webhooks;

/// <summary>What came of one attempt.</summary>
/// <param name="Status">HTTP status, where one came.</param>
/// <param name="Error">One of <see cref="AttemptErrors"/>; null where it was accepted (2xx).</param>
/// <param name="RetryAfter">What the receiver asked for.</param>
internal sealed record AttemptResult(int? Status, string? Error, TimeSpan? RetryAfter = null);

/// <summary>Classes of failure, as their owner sees them.</summary>
internal static class AttemptErrors
{
    public const string BlockedAddress = "blocked_address";
    public const string UrlRefused = "url_refused";
    public const string HttpStatus = "http_status";
    public const string Redirect = "redirect";
    public const string Timeout = "timeout";
    public const string NoSuchHost = "no_such_host";
    public const string ConnectFailed = "connect_failed";
    public const string TlsFailed = "tls_failed";
    public const string BadResponse = "bad_response";
    public const string SecretUnreadable = "secret_unreadable";
}

/// <summary>
/// Sends one signed POST. No redirect, proxy, cookie or decompression; headers up to 16 kB; of the body at most 16 kB are read, and only so that the connection
/// can serve again: the status alone decides.
/// </summary>
internal sealed class WebhookClient : IDisposable
{
    public const int MostRead = 16 * 1024;
    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(1);
    private readonly HttpMessageInvoker _http;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;

    /// <param name="dialer">Opens every connection.</param>
    /// <param name="timeout">Of an attempt in all.</param>
    /// <param name="time">For timestamps and limits.</param>
    /// <param name="roots">Whose certificates are trusted; the system's where null.</param>
    public WebhookClient(GuardedDialer dialer, TimeSpan timeout, TimeProvider time, X509Certificate2Collection? roots = null)
    {
        _timeout = timeout;
        _time = time;
        _http = new HttpMessageInvoker(Handler(dialer, roots), disposeHandler: true);
    }

    /// <summary>Never throws for what the receiver does; only for the caller's own cancellation.</summary>
    public async Task<AttemptResult> SendAsync(Uri url, string id, ReadOnlyMemory<byte> body, IReadOnlyList<byte[]> secrets, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_timeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using HttpRequestMessage request = Request(url, id, body, secrets);
            using HttpResponseMessage response = await _http.SendAsync(request, either.Token);
            AttemptResult result = Judge(response);
            await DrainAsync(response, either.Token);
            return result;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult(null, Name(failure));
        }
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler Handler(GuardedDialer dialer, X509Certificate2Collection? roots) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PreAuthenticate = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = MostRead / 1024,
        MaxResponseDrainSize = 0,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromSeconds(60),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        ConnectCallback = async (context, cancellationToken) => await dialer.DialAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken),
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust(roots) },
    };

    /// <summary>A certificate must not make us fetch what it names (issuers, revocation lists).</summary>
    private static X509ChainPolicy Trust(X509Certificate2Collection? roots)
    {
        X509ChainPolicy policy = new() { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        if (roots is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }
        return policy;
    }

    private HttpRequestMessage Request(Uri url, string id, ReadOnlyMemory<byte> body, IReadOnlyList<byte[]> secrets)
    {
        long timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        HttpRequestMessage request = new(HttpMethod.Post, url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "Sluice-Webhooks");
        request.Headers.TryAddWithoutValidation(WebhookSignature.IdHeader, id);
        request.Headers.TryAddWithoutValidation(WebhookSignature.TimestampHeader, timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(WebhookSignature.SignatureHeader, WebhookSignature.Of(id, timestamp, body.Span, secrets));
        return request;
    }

    private AttemptResult Judge(HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        TimeSpan? wish = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => null,
        };
        string? error = status switch
        {
            >= 200 and < 300 => null,
            >= 300 and < 400 => AttemptErrors.Redirect,
            _ => AttemptErrors.HttpStatus,
        };
        return new AttemptResult(status, error, wish);
    }

    /// <summary>A receiver that talks on, or stalls, or breaks off after its status has said what it had to say.</summary>
    private async Task DrainAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(s_drain, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            Stream body = await response.Content.ReadAsStreamAsync(either.Token);
            byte[] buffer = new byte[MostRead];
            int read = 0, some;
            while (read < MostRead && (some = await body.ReadAsync(buffer.AsMemory(read), either.Token)) > 0)
            {
                read += some;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // Its connection goes with the response.
        }
    }

    private static string Name(Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is BlockedAddressException)
            {
                return AttemptErrors.BlockedAddress;
            }
            if (cause is SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain })
            {
                return AttemptErrors.NoSuchHost;
            }
        }
        return failure switch
        {
            OperationCanceledException => AttemptErrors.Timeout,
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => AttemptErrors.TlsFailed,
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } => AttemptErrors.ConnectFailed,
            _ => AttemptErrors.BadResponse,
        };
    }
}
