using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Store;

namespace Sluice.Service.Access;

/// <summary>Sees to it that the configured first key exists. A store that is not there yet does not hold up the start: it is tried again.</summary>
internal sealed partial class BootstrapKey(IKeyStore keys, IOptions<AccessOptions> options, TimeProvider time, ILogger<BootstrapKey> logger) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _stopping = new();
    private Task _later = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Read(options.Value) is not string text)
        {
            return;
        }
        if (!ApiKeyText.TryReadId(text, out ReadOnlySpan<char> id))
        {
            throw new SettingException("Access:BootstrapKey must read sk_{id}_{secret} with an id of 4 or more and a secret of 32 or more printable characters (sluice keys create makes one).");
        }
        ApiKey key = new(id.ToString(), ApiKeyText.Hash(text), options.Value.BootstrapTenant, KeyScopes.All, "bootstrap", time.GetUtcNow());
        if (!await TryAddAsync(key, cancellationToken))
        {
            _later = AddLaterAsync(key, _stopping.Token);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _later.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _stopping.Dispose();

    private static string? Read(AccessOptions options)
    {
        if (options.BootstrapKeyFile is not { Length: > 0 } path)
        {
            return options.BootstrapKey;
        }
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingException($"Access:BootstrapKeyFile: cannot read '{path}': {exception.Message}", exception);
        }
    }

    private async Task AddLaterAsync(ApiKey key, CancellationToken cancellationToken)
    {
        do
        {
            await Task.Delay(s_again, time, cancellationToken);
        }
        while (!await TryAddAsync(key, cancellationToken));
    }

    private async Task<bool> TryAddAsync(ApiKey key, CancellationToken cancellationToken)
    {
        try
        {
            ApiKey? known = await keys.FindAsync(key.Id, cancellationToken);
            if (known is null)
            {
                await keys.AddAsync(key, cancellationToken);
                LogAdded(key.Id, key.Tenant);
            }
            else if (!known.Hash.AsSpan().SequenceEqual(key.Hash))
            {
                LogDiffers(key.Id);
            }
            return true;
        }
        catch (ArgumentException)
        {
            // Another node was quicker, or the key was revoked: either way its id is taken.
            return true;
        }
        catch (StoreUnavailableException)
        {
            LogLater(s_again);
            return false;
        }
    }

    [LoggerMessage(1201, LogLevel.Information, "Bootstrap key {KeyId} of tenant {Tenant} is ready")]
    private partial void LogAdded(string keyId, string tenant);

    [LoggerMessage(1202, LogLevel.Error, "Bootstrap key {KeyId} is stored with another secret: the configured one does not work; revoke it or configure another id")]
    private partial void LogDiffers(string keyId);

    [LoggerMessage(1203, LogLevel.Warning, "The store is not there yet; the bootstrap key is tried again in {Delay}")]
    private partial void LogLater(TimeSpan delay);
}
