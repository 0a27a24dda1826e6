using Xunit;

namespace Sluice.Tests.Cli;

public sealed class ServeCommandTests
{
    [Theory]
    [InlineData("--roles: Role 'console' is not built yet; built: api, worker, scheduler, webhooks", "--embedded", "--roles", "console")]
    [InlineData("--roles: 'cook' is not a role", "--embedded", "--roles", "cook")]
    [InlineData("--set: expected Section:Name=value, found 'nothing'", "--embedded", "--set", "nothing")]
    [InlineData("Intake:Backlog: must be from 1 to 1000000; got '0'", "--embedded", "--engine", "stub", "--urls", "http://127.0.0.1:0", "--set", "Intake:Backlog=0")]
    [InlineData("'many' at 'Intake:Backlog'", "--embedded", "--engine", "stub", "--urls", "http://127.0.0.1:0", "--set", "Intake:Backlog=many")]
    [InlineData("Models:0:Path '/no/such' is no folder", "--embedded", "--urls", "http://127.0.0.1:0", "--model", "m=/no/such")]
    public async Task What_cannot_be_served_is_wrong_usage_and_names_the_value(string says, params string[] arguments)
    {
        CliRun run = await CliRun.OfAsync(["serve", .. arguments]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_of_which_a_part_fails_says_so_and_ends_with_exit_code_1()
    {
        CliRun run = await CliRun.OfAsync(["serve", "--embedded", "--engine", "stub", "--urls", "http://127.0.0.1:0", "--set", "Retention:Every=01:10:25"], new NoSuchTimer()).WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("sluice: the service has ended itself: There is no such timer.", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Fails whoever first waits for a tenth of an hour, ten minutes and 25 seconds.</summary>
    private sealed class NoSuchTimer : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            dueTime == TimeSpan.FromSeconds(422.5) ? throw new InvalidOperationException("There is no such timer.") : base.CreateTimer(callback, state, dueTime, period);
    }

    [Theory]
    [InlineData("keys", "create", "--tenant", "A B")]
    [InlineData("keys", "create", "--scopes", "fly")]
    [InlineData("keys", "create", "--scopes", ",")]
    public async Task A_key_that_makes_no_sense_is_wrong_usage(params string[] arguments)
    {
        CliRun run = await CliRun.OfAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(arguments[2], run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keys", "list", "--set", "Store:ConnectionString=Host=127.0.0.1;Port=1;Username=u;Password=p;Database=d")]
    [InlineData("migrate", "--set", "Store:AdminConnectionString=Host=127.0.0.1;Port=1;Username=u;Password=p;Database=d")]
    public async Task A_database_that_is_not_there_is_exit_code_3(params string[] arguments) => Assert.Equal(3, (await CliRun.OfAsync(arguments)).ExitCode);
}
