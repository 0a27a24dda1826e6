using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Sluice.Integration.Tests.Cli;

/// <summary>What keeps the program from starting is told in one line, whoever else would like to say something about it.</summary>
public sealed class OneLineTests
{
    [Fact]
    public async Task A_port_that_another_process_has()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        string url = $"http://{other.LocalEndpoint}";
        (int code, _, string error) = await SluiceProcess.RunAsync(["serve", "--embedded", "--engine", "stub", "--urls", url]);
        Assert.Equal(1, code);
        Assert.Equal($"sluice: Failed to bind to address {url}: address already in use.", Line(error));
    }

    [Theory]
    [InlineData("Intake:Backlog=many")]
    [InlineData("Intake:Backlog=0")]
    public async Task A_setting_that_cannot_be_used(string setting)
    {
        (int code, _, string error) = await SluiceProcess.RunAsync(["serve", "--embedded", "--engine", "stub", "--urls", "http://127.0.0.1:0", "--set", setting]);
        Assert.Equal(2, code);
        Assert.Contains("Intake:Backlog", Line(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bench_without_a_database()
    {
        (int code, _, string error) = await SluiceProcess.RunAsync(["bench", "pipeline", "--jobs", "10"]);
        Assert.Equal(2, code);
        Assert.Contains("Store:ConnectionString", Line(error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bench_whose_database_does_not_answer()
    {
        (int code, _, string error) = await SluiceProcess.RunAsync(["bench", "pipeline", "--jobs", "10"], ("SLUICE__STORE__CONNECTIONSTRING", "Host=127.0.0.1;Port=1;Database=none;Username=nobody;Password=none"));
        Assert.Equal(3, code);
        Assert.Contains("--embedded", Line(error), StringComparison.Ordinal);
    }

    /// <summary>All there is beside what a service says on its way up and down.</summary>
    private static string Line(string error) => Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => !line.Contains("Z info: ", StringComparison.Ordinal));
}
