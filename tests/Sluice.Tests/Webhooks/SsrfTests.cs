using System.Net;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

/// <summary>The matrix of addresses and routes, on the product's sender, which must pass, and on broken ones, which must not.</summary>
public sealed class SsrfTests
{
    public static TheoryData<string> Routes => ["url", "name", "redirect", "rebinding"];

    /// <summary>What is wrong with a sender, and the routes on which that shows.</summary>
    private static readonly Dictionary<string, (MakeSender Make, string[] Shows)> s_broken = new()
    {
        ["checks the URL instead of the address"] = (ChecksTheUrl, ["name", "rebinding"]),
        ["looks the name up again to connect"] = (LooksUpTwice, ["rebinding"]),
        ["judges the first answer only"] = (JudgesTheFirst, ["name"]),
        ["follows redirects"] = (FollowsRedirects, ["redirect"]),
        ["judges nothing"] = (JudgesNothing, ["url", "name", "rebinding"]),
    };

    public static TheoryData<string> Broken => [.. s_broken.Keys];

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task No_vector_reaches_the_trap(string route)
    {
        await using SsrfMatrix matrix = new(SsrfMatrix.Product);
        (int tried, List<string> breaches) = await RunAsync(matrix, route);
        Console.WriteLine($"SSRF by {route}: {tried} attempts, {matrix.Trapped} connections");
        Assert.True(breaches.Count == 0, string.Join('\n', breaches));
        Assert.Equal(0, matrix.Trapped);
        Assert.True(tried >= (route == "name" ? 360 : 120), $"Only {tried} attempts."); // a name is tried alone, first and last among public answers
    }

    /// <summary>The test of the test.</summary>
    [Theory]
    [MemberData(nameof(Broken))]
    public async Task A_sender_that_is_broken_is_found_out(string how)
    {
        (MakeSender make, string[] shows) = s_broken[how];
        foreach (string route in shows)
        {
            await using SsrfMatrix matrix = new(make);
            (int tried, List<string> breaches) = await RunAsync(matrix, route);
            Assert.True(breaches.Count > 0 && matrix.Trapped > 0, $"A sender that {how} passes the matrix by {route}: {tried} attempts, {breaches.Count} breaches, {matrix.Trapped} connections.");
        }
    }

    [Fact]
    public async Task A_spelling_that_a_resolver_takes_for_an_address_is_not_dialled()
    {
        // What is not an address to the platform goes to a resolver that reads it as this machine.
        Func<Uri, Task<AttemptResult>> send = SsrfMatrix.Product((_, _) => Task.FromResult(new[] { IPAddress.Loopback }), (_, _) => throw new InvalidOperationException("It dialled."));
        foreach (string host in AddressVectors.Spellings)
        {
            if (Uri.TryCreate($"http://{host}:8080/", UriKind.Absolute, out Uri? url))
            {
                Assert.Equal((host, AttemptErrors.BlockedAddress), (host, (await send(url)).Error));
            }
        }
    }

    [Fact]
    public async Task The_real_dialer_does_not_reach_this_machine_whatever_it_is_called()
    {
        await using Sink trap = Sink.Status(200);
        using WebhookClient client = new(GuardedDialer.Over(SsrfMatrix.Policy()), TimeSpan.FromSeconds(10), TimeProvider.System);
        foreach (string host in new[] { "127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", Dns.GetHostName() })
        {
            AttemptResult result = await client.SendAsync(new Uri($"http://{host}:{trap.Port}/"), "evt_1", "{}"u8.ToArray(), [[1]], CancellationToken.None);
            Assert.True(result.Error is AttemptErrors.BlockedAddress or AttemptErrors.NoSuchHost, $"{host}: {result}");
        }
        Assert.Equal(0, trap.Connections);
    }

    private static Task<(int Tried, List<string> Breaches)> RunAsync(SsrfMatrix matrix, string route) => route switch
    {
        "url" => matrix.UrlsAsync(),
        "name" => matrix.NamesAsync(),
        "redirect" => matrix.RedirectsAsync(),
        _ => matrix.RebindingAsync(),
    };

    /// <summary>The name in the URL looks public; where it leads is not asked.</summary>
    private static Func<Uri, Task<AttemptResult>> ChecksTheUrl(ResolveHost resolve, OpenConnection open) => SsrfMatrix.Product(
        static (_, _) => Task.FromResult(new[] { IPAddress.Parse(SsrfMatrix.Public) }), async (address, token) => await open(new IPEndPoint((await resolve("", token))[0], address.Port), token));

    private static Func<Uri, Task<AttemptResult>> LooksUpTwice(ResolveHost resolve, OpenConnection open) => SsrfMatrix.Product(
        resolve, async (address, token) => await open(new IPEndPoint((await resolve("", token))[0], address.Port), token));

    private static Func<Uri, Task<AttemptResult>> JudgesTheFirst(ResolveHost resolve, OpenConnection open) => SsrfMatrix.Product(
        async (host, token) => (await resolve(host, token))[..1], async (address, token) => await open(new IPEndPoint((await resolve("", token))[^1], address.Port), token));

    private static Func<Uri, Task<AttemptResult>> FollowsRedirects(ResolveHost resolve, OpenConnection open)
    {
        Func<Uri, Task<AttemptResult>> product = SsrfMatrix.Product(resolve, open), anywhere = JudgesNothing(resolve, open);
        return async url =>
        {
            AttemptResult first = await product(url);
            return first.Error == AttemptErrors.Redirect ? await anywhere(new Uri("http://127.0.0.1/")) : first;
        };
    }

    private static Func<Uri, Task<AttemptResult>> JudgesNothing(ResolveHost resolve, OpenConnection open)
    {
        HttpMessageInvoker http = new(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (context, token) => await open(
                new IPEndPoint(IPAddress.TryParse(context.DnsEndPoint.Host, out IPAddress? literal) ? literal : (await resolve(context.DnsEndPoint.Host, token))[0], context.DnsEndPoint.Port), token),
        });
        return async url =>
        {
            using HttpRequestMessage request = new(HttpMethod.Post, url);
            try
            {
                using HttpResponseMessage response = await http.SendAsync(request, CancellationToken.None);
                return new AttemptResult((int)response.StatusCode, response.IsSuccessStatusCode ? null : AttemptErrors.HttpStatus);
            }
            catch (HttpRequestException)
            {
                return new AttemptResult(null, AttemptErrors.ConnectFailed);
            }
        };
    }
}
