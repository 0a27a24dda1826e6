using Sluice.Cli.Demo;
using Sluice.Tuning.Tickets;
using Xunit;

namespace Sluice.Tests.Demo;

/// <summary>The shipped tickets.</summary>
public sealed class DemoDeckTests
{
    private static readonly IReadOnlyList<DemoTicket> s_tickets = DemoCommand.ShippedTickets();
    private static readonly Dictionary<string, DemoTicket> s_byId = s_tickets.ToDictionary(ticket => ticket.Id);

    [Fact]
    public void The_shipped_tickets_are_what_the_generator_makes() =>
        Assert.Equal(DemoDeck.Make(DemoDeck.ShippedSeed).Select(ticket => ticket.ToLine()), s_tickets.Select(ticket => ticket.ToLine()));

    [Fact]
    public void There_are_as_many_of_each_group_as_the_demo_says() => Assert.Equal(
        [("fresh", 1, 180), ("lookalike", 2, 30), ("repeat", 1, 6), ("repeat", 2, 34), ("reworded", 2, 50)],
        s_tickets.GroupBy(ticket => (ticket.Group, ticket.Wave)).Select(group => (group.Key.Group, group.Key.Wave, group.Count())).Order());

    [Fact]
    public void A_repeat_is_the_same_text_and_a_re_worded_ticket_another_of_the_same_answer()
    {
        foreach (DemoTicket ticket in s_tickets.Where(ticket => ticket.SameAs is not null))
        {
            DemoTicket first = s_byId[ticket.SameAs!];
            Assert.Equal((first.Label, first.Order, first.Item, first.Priority, first.Kind), (ticket.Label, ticket.Order, ticket.Item, ticket.Priority, ticket.Kind));
            Assert.Equal(ticket.Group == "repeat", ticket.Text == first.Text);
            Assert.True(first.Group == "fresh", ticket.Id);
        }
    }

    [Fact]
    public void A_lookalike_shares_no_answer_with_what_it_looks_like()
    {
        foreach (DemoTicket ticket in s_tickets.Where(ticket => ticket.Unlike is not null))
        {
            DemoTicket other = s_byId[ticket.Unlike!];
            bool negated = ticket.Text.Contains(" not ", StringComparison.OrdinalIgnoreCase);
            Assert.True((other.Label, other.Order, other.Item) != (ticket.Label, ticket.Order, ticket.Item) || negated, ticket.Id);
        }
    }

    [Fact]
    public void Order_numbers_stand_in_the_text_that_they_belong_to()
    {
        foreach (DemoTicket ticket in s_tickets.Where(ticket => ticket.Order is not null))
        {
            Assert.Contains(ticket.Order!, ticket.Text, StringComparison.Ordinal);
            Assert.Contains(ticket.Label, TicketGenerator.Labels);
        }
    }

    /// <summary>Choices are scored without what ends an answer: a label that begins another would win over it.</summary>
    [Fact]
    public void No_label_begins_another()
    {
        foreach (string label in TicketGenerator.Labels)
        {
            Assert.Single(TicketGenerator.Labels, other => other.StartsWith(label, StringComparison.Ordinal));
        }
    }
}
