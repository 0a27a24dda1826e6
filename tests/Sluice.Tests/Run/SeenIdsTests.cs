using System.Globalization;
using Sluice.Cli.Run;
using Xunit;

namespace Sluice.Tests.Run;

public sealed class SeenIdsTests
{
    private readonly List<string> _lines = [];
    private readonly SeenIds _seen;
    private int _reread;

    public SeenIdsTests() => _seen = new((offset, _) =>
    {
        _reread++;
        return ValueTask.FromResult<string?>(_lines[(int)offset]);
    });

    private ValueTask<bool> AddAsync(string id, ulong? hash = null)
    {
        _lines.Add(id);
        return _seen.AddAsync(id, _lines.Count - 1, TestContext.Current.CancellationToken, hash);
    }

    [Fact]
    public async Task Every_second_coming_is_seen_and_no_first_one_at_12_bytes_each()
    {
        for (int i = 0; i < 300_000; i++)
        {
            Assert.True(await AddAsync(i.ToString(CultureInfo.InvariantCulture)));
            if (i % 1000 == 0) Assert.True(_seen.Bytes <= (1024 * 8 * 8) + SeenIds.BytesFor(i + 1), $"{_seen.Bytes} bytes for {i + 1}");
        }
        // some share 34 bits by chance: they were told apart by reading again, and reading again is rare
        Assert.InRange(_reread, 1, 20);
        for (int i = 0; i < 300_000; i += 1000) Assert.False(await AddAsync(i.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Two_ids_that_share_a_hash_are_both_new_and_both_known_after()
    {
        Assert.True(await AddAsync("a", 42));
        Assert.True(await AddAsync("b", 42));
        Assert.False(await AddAsync("a", 42));
        Assert.False(await AddAsync("b", 42));
        Assert.True(await AddAsync("c", 42));
    }
}
