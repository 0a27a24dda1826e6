using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Sluice.Service;
using Sluice.Tests.Api;
using Sluice.Tests.Hygiene;
using Xunit;

namespace Sluice.Tests.Hosting;

public sealed class SluiceHostTests
{
    [Theory]
    [InlineData("Intake:QueuedPerTenant", "0", "Intake:QueuedPerTenant: must be from 1 to 100000000; got '0'")]
    [InlineData("Intake:StoreTimeout", "01:00:00", "Intake:StoreTimeout: must be from 00:00:00.1")]
    [InlineData("Access:Remember", "00:01:00", "Access:Remember: must be from 00:00:00 to 00:00:30; got '00:01:00'")]
    [InlineData("Access:BootstrapTenant", "A B", "Access:BootstrapTenant: must match [a-z0-9][a-z0-9._-]{0,62}; got 'A B'")]
    [InlineData("Api:MaxHeaderBytes", "1", "Api:MaxHeaderBytes: must be from 1024 to 1048576; got '1'")]
    [InlineData("Models:0:Path", "/no/such/folder", "Models:0:Path '/no/such/folder' is no folder")]
    [InlineData("Models:0:Name", "x", "Models:0:Path is required")]
    [InlineData("Models:0:Speculation", "eagle", "Models:0:Speculation must be one of off, ngram, draft; got 'eagle'")]
    [InlineData("Models:0:Speculation", "draft", "Models:0:Draft is required where Models:0:Speculation is 'draft'")]
    [InlineData("Models:0:Draft", "/x", "Models:0:Draft '/x' is only for Models:0:Speculation 'draft'; got 'off'")]
    [InlineData("Models:0:Dtype", "fp8", "Models:0:Dtype must be one of bf16, int8, int4; got 'fp8'")]
    public async Task A_bad_setting_stops_the_start_and_is_named_with_its_value(string name, string value, string says)
    {
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => ApiHost.StartAsync(new() { [name] = value }));
        Assert.Contains(says, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_role_that_is_not_built_is_refused_when_it_is_named()
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => SluiceHost.Build(new SluiceHostOptions { Embedded = true, Roles = new HashSet<HostRole> { HostRole.Console } }));
        Assert.Contains("'console' is not built yet; built: api, worker, scheduler, webhooks", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api", new[] { HostRole.Api })]
    [InlineData("API, worker", new[] { HostRole.Api, HostRole.Worker })]
    public void Roles_are_read_by_name(string text, HostRole[] roles) => Assert.Equal(roles, HostRoles.Parse(text).Order());

    [Theory]
    [InlineData("")]
    [InlineData("cook")]
    [InlineData("1")]
    [InlineData("api,console")]
    public void What_is_no_role_is_refused(string text) => Assert.Throws<ArgumentException>(() => HostRoles.Parse(text));

    [Fact]
    public void A_setting_may_come_from_a_file()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "amqp://secret\n");
            IConfiguration settings = SluiceHost.Configuration(new SluiceHostOptions { Settings = new Dictionary<string, string?> { ["Queue:Host_FILE"] = path } });
            Assert.Equal("amqp://secret", settings["Queue:Host"]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_secrets_file_that_is_not_there_is_named()
    {
        SettingException exception = Assert.Throws<SettingException>(
            () => SluiceHost.Configuration(new SluiceHostOptions { Settings = new Dictionary<string, string?> { ["Queue:Host_FILE"] = "/no/such/file" } }));
        Assert.Contains("Queue:Host_FILE", exception.Message, StringComparison.Ordinal);
        Assert.Contains("/no/such/file", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_reaches_sections_and_the_command_line_wins()
    {
        const string Variable = "SLUICE__HOSTINGTEST__VALUE";
        Environment.SetEnvironmentVariable(Variable, "environment");
        try
        {
            Assert.Equal("environment", SluiceHost.Configuration(new SluiceHostOptions())["HostingTest:Value"]);
            SluiceHostOptions given = new() { Settings = new Dictionary<string, string?> { ["HostingTest:Value"] = "line" } };
            Assert.Equal("line", SluiceHost.Configuration(given)["HostingTest:Value"]);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, null);
        }
    }

    [Fact]
    public async Task A_part_that_fails_before_all_have_started_is_in_the_log()
    {
        using Recorder recorder = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ApiHost.StartAsync(log: recorder, parts: parts => parts.AddHostedService<Flooded>().AddHostedService<Patient>()));
        Assert.Contains(recorder.Lines, line => line.StartsWith("Critical", StringComparison.Ordinal) && line.Contains("The cellar is under water.", StringComparison.Ordinal));
        Assert.DoesNotContain(recorder.Lines, line => line.Contains("failed to start", StringComparison.Ordinal));
    }

    /// <summary>Fails at once.</summary>
    private sealed class Flooded : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => throw new InvalidOperationException("The cellar is under water.");
    }

    /// <summary>Has not started as long as the host would have it start.</summary>
    private sealed class Patient : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    [Fact]
    public async Task A_bootstrap_key_that_is_too_short_stops_the_start()
    {
        string path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "sk_short_secret");
            SettingException exception = await Assert.ThrowsAsync<SettingException>(() => ApiHost.StartAsync(new() { ["Access:BootstrapKeyFile"] = path }));
            Assert.DoesNotContain("sk_short_secret", exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
