using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Sluice.Chaos.Children;

namespace Sluice.Chaos.Load;

/// <summary>
/// Receives webhooks, fails some on purpose, and notes what it got. The service calls no loopback address, so this listens on a private one that is put on
/// the loopback interface; where that may not be done (not root), nobody is called.
/// </summary>
internal sealed class Receiver : IAsyncDisposable
{
    public const string Network = "10.231.7.0/24";
    private const string Address = "10.231.7.1";
    private readonly WebApplication _app;

    private readonly ConcurrentDictionary<string, bool> _ids = new();
    private readonly SeenLog _log;
    private readonly Random _random;
    private byte[] _secret = [];

    private Receiver(SeenLog log, int seed, string url)
    {
        (_log, _random, Url) = (log, new Random(seed), $"{url}/hook");
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(url);
        _app = builder.Build();
        _app.Run(ReceiveAsync);
    }

    public string Url { get; }

    /// <summary><c>whsec_…</c>, under which the jobs' own webhooks are signed.</summary>
    public void Trust(string secret) => _secret = Convert.FromBase64String(secret["whsec_".Length..]);

    /// <summary>Null where the address cannot be had.</summary>
    public static async Task<Receiver?> StartAsync(SeenLog log, int seed)
    {
        await Shell.RunAsync("ip", ["address", "add", $"{Address}/32", "dev", "lo"]);
        Receiver receiver = new(log, seed, $"http://{Address}:{Ports.Free()}");
        try
        {
            await receiver._app.StartAsync();
            return receiver;
        }
        catch (IOException)
        {
            await receiver._app.DisposeAsync();
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource soon = new(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
    }

    /// <summary>The first call of an event fails now and then; an answer may be lost, too. The second is taken.</summary>
    private async Task ReceiveAsync(HttpContext context)
    {
        using MemoryStream read = new();
        await context.Request.Body.CopyToAsync(read);
        byte[] body = read.ToArray();
        string id = context.Request.Headers["webhook-id"].ToString();
        using JsonDocument message = JsonDocument.Parse(body);
        string type = message.RootElement.GetProperty("type").GetString()!;
        string job = message.RootElement.GetProperty("data").GetProperty("id").GetString()!;
        _log.Webhook(id, job, type, Convert.ToHexStringLower(SHA256.HashData(body)), Verifies(context.Request, id, body));
        double draw = _ids.TryAdd(id, true) ? Draw() : 1;
        if (draw < 0.05)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = draw < 0.15 ? StatusCodes.Status500InternalServerError : StatusCodes.Status204NoContent;
    }

    private bool Verifies(HttpRequest request, string id, byte[] body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{request.Headers["webhook-timestamp"]}."), .. body];
        string expected = $"v1,{Convert.ToBase64String(HMACSHA256.HashData(_secret, signed))}";
        return request.Headers["webhook-signature"].ToString().Split(' ').Contains(expected);
    }

    private double Draw()
    {
        lock (_random)
        {
            return _random.NextDouble();
        }
    }
}
