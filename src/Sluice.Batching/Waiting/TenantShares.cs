using System.Runtime.InteropServices;

namespace Sluice.Batching.Waiting;

/// <summary>
/// The tokens of one class by tenant. A tenant's due is its weight among the weights of those that wait; what was given counts e times less whenever as many
/// tokens as the memory holds have been handed over since. Alone, a tenant is never ahead: what others leave is for whoever wants it.
/// </summary>
internal sealed class TenantShares(FormerOptions options)
{
    private const int MostIdle = 1024;
    private readonly Dictionary<string, TenantShare> _byTenant = new(StringComparer.Ordinal);
    private readonly List<TenantShare> _waiting = [];
    private double _unit = 1; // what a token counts now
    private double _total;
    private double _memory = 1e6;

    /// <summary>A tenant that waits has had more than its share.</summary>
    public bool AnyAhead { get; private set; }

    public TenantShare Of(string tenant)
    {
        ref TenantShare? share = ref CollectionsMarshal.GetValueRefOrAddDefault(_byTenant, tenant, out _);
        return share ??= new(tenant, options.TenantWeight(tenant));
    }

    public void Came(TenantShare share)
    {
        if (share.Waiting++ == 0) _waiting.Add(share);
    }

    public void Left(TenantShare share)
    {
        if (--share.Waiting > 0) return;
        _waiting.Remove(share);
        share.IsAhead = false;
        if (_byTenant.Count - _waiting.Count > MostIdle) Forget();
    }

    /// <summary>Tokens are handed over to one of its jobs.</summary>
    public void Give(TenantShare share, double tokens)
    {
        _unit *= Math.Exp(tokens / _memory);
        share.Given += tokens * _unit;
        _total += tokens * _unit;
        if (_unit > 1e100) Rescale();
    }

    /// <summary>Looks again who is ahead. An engine's KV pages hold so many tokens.</summary>
    public void Weigh(double kvTokens)
    {
        _memory = Math.Max(1, options.ShareMemory * kvTokens);
        double weights = 0;
        foreach (TenantShare share in _waiting) weights += share.Weight;
        double full = Math.Max(_total, _memory * _unit / 2); // the first tokens of all make nobody ahead
        AnyAhead = false;
        foreach (TenantShare share in _waiting)
        {
            share.Ratio = share.Given / full * weights / share.Weight;
            share.IsAhead = _waiting.Count > 1 && share.Ratio > 1;
            AnyAhead |= share.IsAhead;
        }
    }

    private void Rescale()
    {
        foreach (TenantShare share in _byTenant.Values) share.Given /= _unit;
        _total /= _unit;
        _unit = 1;
    }

    private void Forget()
    {
        foreach (TenantShare share in _byTenant.Values.Where(s => s.Waiting == 0).OrderBy(s => s.Given).Take(MostIdle / 2).ToArray())
        {
            _byTenant.Remove(share.Tenant);
        }
    }
}
