using Sluice.Store.Checking;
using Xunit;

namespace Sluice.Tests.Store.Checking;

public sealed class ClientLogTests
{
    [Fact]
    public async Task Lines_are_read_in_order_and_empty_ones_and_unknown_fields_left_alone()
    {
        ClientLog log = await ReadAsync("""
            {"event":"submitted","tenant":"acme","key":"a","expect":"00","at":"2026-01-01T00:00:00Z"}

            {"event":"ambiguous","key":"a"}
            """);
        Assert.Equal([("submitted", "acme", "00"), ("ambiguous", ClientLog.DefaultTenant, null)], log.Lines.Select(l => (l.Event, l.Tenant, l.Expect)));
    }

    [Theory]
    [InlineData("""{"event":"accepted","key":"a"}""", "line 2: An event 'accepted' needs 'id'.")]
    [InlineData("""{"event":"rumour"}""", "line 2: 'rumour' is no event")]
    [InlineData("""{"key":"a"}""", "line 2: '' is no event")]
    [InlineData("null", "line 2: It is null.")]
    [InlineData("{", "line 2: ")]
    public async Task A_line_that_cannot_be_used_is_named(string line, string says)
    {
        FormatException refused = await Assert.ThrowsAsync<FormatException>(() => ReadAsync($$"""{"event":"confirmed","key":"a"}{{"\n"}}{{line}}"""));
        Assert.StartsWith(says, refused.Message, StringComparison.Ordinal);
    }

    private static async Task<ClientLog> ReadAsync(string text)
    {
        using StringReader reader = new(text);
        return await ClientLog.ReadAsync(reader, TestContext.Current.CancellationToken);
    }
}
