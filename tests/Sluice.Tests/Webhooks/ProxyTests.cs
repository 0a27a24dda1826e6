using System.Net;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>Alone, for a proxy is the whole process's: what the environment names becomes <see cref="HttpClient.DefaultProxy"/> once.</summary>
[CollectionDefinition(nameof(ProxyTests), DisableParallelization = true)]
[Collection(nameof(ProxyTests))]
public sealed class ProxyTests
{
    [Fact]
    public async Task The_process_has_a_proxy_and_it_is_not_asked()
    {
        await using Sink proxy = Sink.Status(200);
        await using Sink sink = Sink.Status(204);
        IWebProxy before = HttpClient.DefaultProxy;
        HttpClient.DefaultProxy = new WebProxy(new Uri($"http://127.0.0.1:{proxy.Port}"));
        try
        {
            AddressPolicy policy = new(new WebhookOptions(), loopback: true);
            using WebhookClient client = new(GuardedDialer.Over(policy), TimeSpan.FromSeconds(10), TimeProvider.System);
            Assert.Equal(new AttemptResult(204, null), await client.SendAsync(new Uri(sink.Url), "evt_1", "{}"u8.ToArray(), [[1]], CancellationToken.None));
            using HttpClient other = new();
            using HttpResponseMessage proxied = await other.GetAsync(new Uri(sink.Url));
            Assert.Equal(HttpStatusCode.OK, proxied.StatusCode);
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }
        Assert.Equal((1, 1), (proxy.Connections, sink.Connections));
    }
}
