namespace Sluice.Service;

/// <summary>What one process is to be: decided before it is composed, never asked afterwards.</summary>
public sealed record SluiceHostOptions
{
    /// <summary>Memory store and in-memory transport: needs no server, keeps nothing.</summary>
    public bool Embedded { get; init; }

    /// <summary>Which parts run here; all that exist where null.</summary>
    public IReadOnlySet<HostRole>? Roles { get; init; }

    /// <summary>What runs the models.</summary>
    public EngineKind Engine { get; init; } = EngineKind.Model;

    /// <summary><c>name=path</c> or <c>path</c>; added to those of the configuration.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Listen addresses, separated by <c>;</c>; those of the configuration where null.</summary>
    public string? Urls { get; init; }

    /// <summary>Settings by their path (<c>Queue:Host</c>); they win over files and environment.</summary>
    public IReadOnlyDictionary<string, string?> Settings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Clock of everything in the process.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether this process has the part.</summary>
    public bool Runs(HostRole role) => HostRoles.IsBuilt(role) && (Roles is null || Roles.Contains(role));
}

/// <summary>Which engine a worker loads.</summary>
public enum EngineKind
{
    /// <summary>Our own, from a model folder.</summary>
    Model,

    /// <summary>Answers without computing: for benches and faults.</summary>
    Stub,
}
