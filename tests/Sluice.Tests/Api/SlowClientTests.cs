using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Clients that send a byte now and then, to hold on to a connection for ever.</summary>
public sealed class SlowClientTests : IAsyncLifetime
{
    private const int Slow = 200;
    private static readonly TimeSpan s_drip = TimeSpan.FromMilliseconds(250);

    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync(new() { ["Api:HeadersTimeout"] = "00:00:02" });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    /// <summary>Headers have Api:HeadersTimeout, a body five seconds and then 240 bytes a second; the server looks once a second.</summary>
    [Theory]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ", 20)]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", 60)]
    [InlineData("POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n", 60)]
    [InlineData("POST /v1/submissions?model=stub HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: application/jsonl\r\nContent-Length: 100000\r\n\r\n", 60)]
    public async Task They_are_cut_off_and_keep_nobody_else_from_being_served(string opening, double seconds)
    {
        long start = TimeProvider.System.GetTimestamp();
        byte[] first = Encoding.ASCII.GetBytes(opening.Replace("{key}", _host.Key, StringComparison.Ordinal));
        Task<string>[] clients = [.. Enumerable.Range(0, Slow).Select(_ => DripAsync(first))];
        Task all = Task.WhenAll(clients);
        int served = 0;
        while (!all.IsCompleted || served < 5)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds, $"{clients.Count(client => !client.IsCompleted)} still hold on after {seconds} s");
            long asked = TimeProvider.System.GetTimestamp();
            using HttpResponseMessage live = await _host.Client.GetAsync("/health/live");
            using HttpResponseMessage job = await _host.PostAsync("""{"model":"stub","prompt":"in the midst of it","cache":{"mode":"off"}}""");
            Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Accepted), (live.StatusCode, job.StatusCode));
            Assert.InRange(TimeProvider.System.GetElapsedTime(asked).TotalSeconds, 0, 5);
            served++;
            await Task.Delay(s_drip / 5, TestContext.Current.CancellationToken);
        }
        string[] answers = await Task.WhenAll(clients);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Slow} slow clients held on for {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s at most; {served} others were served meanwhile"));
        // an answer, or the end of the connection: never an acceptance
        Assert.All(answers, answer => Assert.True(answer is "" or "408" or "400", answer));
        Assert.Equal(served, (await _host.Store.StatisticsAsync(TestContext.Current.CancellationToken)).Queued);
    }

    /// <summary>Sends the opening, then a byte now and then until the server has had enough. The status, or nothing.</summary>
    private async Task<string> DripAsync(byte[] opening)
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _host.Client.BaseAddress!.Port, token);
        NetworkStream stream = client.GetStream();
        byte[] answer = new byte[64];
        try
        {
            await stream.WriteAsync(opening, token);
            Task<int> reading = stream.ReadAsync(answer, token).AsTask();
            while (await Task.WhenAny(reading, Task.Delay(s_drip, token)) != reading)
            {
                await stream.WriteAsync("x"u8.ToArray(), token);
            }
            int read = await reading;
            return read > 12 ? Encoding.ASCII.GetString(answer, 9, 3) : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
