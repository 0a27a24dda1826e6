namespace Sluice.Simulation.Tests.Faults;

/// <summary>How likely each fault of a call is; all zero once the world has healed.</summary>
internal sealed class FaultRates
{
    /// <summary>A store call that fails without effect.</summary>
    public double StoreRefuses { get; set; }

    /// <summary>A store call that takes effect and whose answer is lost.</summary>
    public double StoreAnswerLost { get; set; }

    /// <summary>A call that takes seconds.</summary>
    public double Slow { get; set; }

    /// <summary>The caller is killed when the store has its request, or just after the commit.</summary>
    public double KilledInCall { get; set; }

    /// <summary>A message that the broker does not take, and says so.</summary>
    public double PublishRefused { get; set; }

    /// <summary>A message that the broker takes without its confirm arriving.</summary>
    public double ConfirmLost { get; set; }

    public double MessageDoubled { get; set; }

    /// <summary>A ticket that disappears although it was confirmed.</summary>
    public double TicketLost { get; set; }

    /// <summary>A message that overtakes those before it.</summary>
    public double Reordered { get; set; }

    public void Heal()
    {
        StoreRefuses = StoreAnswerLost = Slow = KilledInCall = 0;
        PublishRefused = ConfirmLost = MessageDoubled = TicketLost = 0;
    }
}
