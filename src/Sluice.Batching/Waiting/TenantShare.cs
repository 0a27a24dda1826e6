namespace Sluice.Batching.Waiting;

/// <summary>What one tenant has been given of late of the tokens of a class, and what is its due.</summary>
internal sealed class TenantShare(string tenant, double weight)
{
    private const double MostFavour = 8;

    public string Tenant => tenant;

    public double Weight => weight;

    /// <summary>Jobs of it that wait.</summary>
    public int Waiting { get; set; }

    /// <summary>Tokens handed over, those of long ago counted less; in units that grow, see <see cref="TenantShares"/>.</summary>
    public double Given { get; set; }

    /// <summary>Tokens given over tokens due, as last weighed; 1 is its fair share.</summary>
    public double Ratio { get; set; } = 1;

    /// <summary>What its jobs are worth more or less for that, when not all can be done in time; 1 at its fair share.</summary>
    public double Favour(double fairness) => fairness == 0 ? 1 : Math.Pow(Math.Clamp(Ratio, 1 / MostFavour, MostFavour), -fairness);

    /// <summary>It has had more than its share while others wait.</summary>
    public bool IsAhead { get; set; }
}
