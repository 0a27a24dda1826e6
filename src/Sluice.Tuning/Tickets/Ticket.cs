namespace Sluice.Tuning.Tickets;

/// <summary>A support ticket and what a good answer to it says.</summary>
/// <param name="Text">What the customer wrote.</param>
/// <param name="Label">One of <see cref="PhraseBook.Labels"/>.</param>
/// <param name="Priority"><c>high</c>, <c>normal</c> or <c>low</c>: by what the text says of haste.</param>
/// <param name="Order">The order number in the text, if any.</param>
/// <param name="Reply">One line to send back.</param>
public sealed record Ticket(string Text, string Label, string Priority, string? Order, string Reply);

/// <summary>Which phrases a ticket may be made of. No phrase is in two of them.</summary>
public enum TicketSplit
{
    Train,

    /// <summary>Phrasings and frames that training never shows.</summary>
    HeldOut,

    /// <summary>Phrasings and frames by a hand that read neither of the others: what a model is judged by.</summary>
    Judge,
}
