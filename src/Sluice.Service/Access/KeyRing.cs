using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>Tells who a key belongs to. Keys that were found are remembered for some seconds, so that not every request asks the store; strangers are never.</summary>
internal sealed class KeyRing(IKeyStore keys, IOptions<AccessOptions> options, TimeProvider time)
{
    private readonly AccessOptions _options = options.Value;

    // Holds only keys that exist and were proven, so it is never larger than the store's table of keys.
    private readonly ConcurrentDictionary<string, Remembered>.AlternateLookup<ReadOnlySpan<char>> _byId =
        new ConcurrentDictionary<string, Remembered>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The caller, or null for a key that is malformed, unknown, revoked or wrong. Throws <see cref="StoreUnavailableException"/>.</summary>
    public ValueTask<Caller?> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (!ApiKeyText.TryReadId(text, out ReadOnlySpan<char> id))
        {
            return default;
        }
        return _byId.TryGetValue(id, out Remembered? known) && time.GetTimestamp() < known.Until
            ? new(ApiKeyText.Matches(text, known.Key) ? known.Caller : null)
            : new(LookUpAsync(id.ToString(), text, cancellationToken));
    }

    private async Task<Caller?> LookUpAsync(string id, string text, CancellationToken cancellationToken)
    {
        ApiKey? key = await AskStoreAsync(id, cancellationToken);
        if (key is null)
        {
            _byId.TryRemove(id, out Remembered? _);
            return null;
        }
        if (!ApiKeyText.Matches(text, key))
        {
            return null;
        }
        Caller caller = new(key.Tenant, key.Scopes, key.Id);
        _byId[id] = new Remembered(key, caller, time.GetTimestamp() + (long)(_options.Remember.TotalSeconds * time.TimestampFrequency));
        return caller;
    }

    private async Task<ApiKey?> AskStoreAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await keys.FindAsync(id, cancellationToken).WaitAsync(_options.StoreTimeout, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException($"The store did not answer within {_options.StoreTimeout.TotalSeconds:0.###} s.", exception);
        }
    }

    private sealed record Remembered(ApiKey Key, Caller Caller, long Until);
}
