using Sluice.Store.Postgres;
using Xunit;

namespace Sluice.Tests.Store;

public sealed class TenantBacklogTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly ManualTime _time = new();
    private readonly TenantBacklog _backlog;

    public TenantBacklogTests() => _backlog = new TenantBacklog(_time);

    [Fact]
    public void A_count_of_all_tenants_spares_each_its_own_as_long_as_it_is_fresh()
    {
        Assert.False(_backlog.Roomy("acme", 1, 100));
        _backlog.Set(_backlog.Begin(), new Dictionary<string, long> { ["acme"] = 70 });
        Assert.True(_backlog.Roomy("acme", 10, 100));
        Assert.False(_backlog.Roomy("acme", 11, 100));
        Assert.True(_backlog.Roomy("nobody", 80, 100));
        _time.Advance(s_second);
        Assert.True(_backlog.Roomy("acme", 10, 100));
        _time.Advance(s_second);
        Assert.False(_backlog.Roomy("acme", 1, 100));
        Assert.False(_backlog.Roomy("nobody", 1, 100));
    }

    [Fact]
    public void What_is_added_while_all_are_counted_is_not_forgotten()
    {
        _backlog.Add("acme", 5);
        TenantBacklog.Survey survey = _backlog.Begin();
        _backlog.Add("acme", 7);
        _backlog.Add("new", 3);
        _backlog.Set(survey, new Dictionary<string, long> { ["acme"] = 5 });
        _backlog.Add("acme", 1);
        Assert.Equal((13, 3), (_backlog.Known("acme"), _backlog.Known("new")));
    }

    [Fact]
    public void The_later_count_holds_whichever_it_is()
    {
        TenantBacklog.Survey survey = _backlog.Begin();
        _time.Advance(s_second);
        _backlog.Set("acme", 20);
        _backlog.Set(survey, new Dictionary<string, long> { ["acme"] = 10 });
        Assert.Equal(20, _backlog.Known("acme"));
        _time.Advance(s_second);
        _backlog.Set(_backlog.Begin(), new Dictionary<string, long> { ["acme"] = 30 });
        _backlog.Add("acme", 2);
        Assert.Equal(32, _backlog.Known("acme"));
    }
}
