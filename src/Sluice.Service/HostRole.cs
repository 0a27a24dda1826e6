namespace Sluice.Service;

/// <summary>A part of the service that can run alone.</summary>
public enum HostRole
{
    Api,
    Worker,
    Scheduler,
    Webhooks,
    Console,
}

/// <summary>Reads roles, and knows which exist.</summary>
public static class HostRoles
{
    public static readonly IReadOnlyList<HostRole> Built = [HostRole.Api, HostRole.Worker, HostRole.Scheduler, HostRole.Webhooks];

    public static bool IsBuilt(HostRole role) => Built.Contains(role);

    /// <summary><c>api,worker</c>. Throws <see cref="ArgumentException"/> for a name that is none, or a part that is not built.</summary>
    public static IReadOnlySet<HostRole> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        HashSet<HostRole> roles = [];
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            bool known = Enum.TryParse(name, ignoreCase: true, out HostRole role) && Enum.IsDefined(role) && !char.IsAsciiDigit(name[0]);
            roles.Add(known ? role : throw new ArgumentException($"'{name}' is not a role; roles: {Names(Enum.GetValues<HostRole>())}."));
        }
        if (roles.Count == 0)
        {
            throw new ArgumentException($"No role is given; roles: {Names(Built)}.");
        }
        Require(roles);
        return roles;
    }

    /// <summary>Throws <see cref="ArgumentException"/> for a part that is not built.</summary>
    public static void Require(IEnumerable<HostRole> roles)
    {
        ArgumentNullException.ThrowIfNull(roles);
        foreach (HostRole role in roles)
        {
            if (!IsBuilt(role))
            {
                throw new ArgumentException($"Role '{Names([role])}' is not built yet; built: {Names(Built)}.");
            }
        }
    }

    private static string Names(IEnumerable<HostRole> roles) => string.Join(", ", roles.Select(role => role.ToString().ToLowerInvariant()));
}
