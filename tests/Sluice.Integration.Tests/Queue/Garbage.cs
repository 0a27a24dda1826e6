using System.Globalization;
using System.Text;

namespace Sluice.Integration.Tests.Queue;

/// <summary>Where a message that cannot be accepted goes.</summary>
internal enum Aside
{
    /// <summary>It could not be read: its body lies in the queue of errors.</summary>
    Error,

    /// <summary>It is read, and is no job to be submitted: its body lies in the queue of what nobody consumes.</summary>
    Skipped,

    /// <summary>It is read as a job, and its fault is told on the exchange of rejections.</summary>
    Rejected,
}

/// <summary>Messages that a hostile or broken producer sends. Each holds its mark, by which it is found again wherever it goes.</summary>
/// <param name="Mark">No other message of the test has it.</param>
/// <param name="Kind">What is wrong, for the report.</param>
/// <param name="Body">As sent.</param>
/// <param name="ContentType">As its properties say.</param>
/// <param name="Where">Where it goes; null where that is the transport's affair.</param>
internal sealed record Garbage(string Mark, string Kind, byte[] Body, string ContentType, Aside? Where)
{
    /// <summary>How many kinds there are; <see cref="Of"/> takes turns.</summary>
    public const int Kinds = 16;

    private const string Json = "application/json";
    private const string Envelope = "application/vnd.masstransit+json";
    private const string Ours = "urn:message:Sluice.Jobs.Messages:SubmitJob";
    private const int Depth = 10_000;
    private const int LargeEvery = 25; // rounds: a few are 2 MB
    private const int Large = 2 << 20;

    /// <param name="number">Makes its mark, and its kind.</param>
    /// <param name="forged">The address that it wants to be told at.</param>
    public static Garbage Of(int number, string forged)
    {
        string mark = $"garbage-{number.ToString(CultureInfo.InvariantCulture)}-";
        bool large = number / Kinds % LargeEvery == 0;
        string rejected = $$"""{"schema_version":1,"idempotency_key":"{{mark}}"}""";
        string addresses = $"\"responseAddress\":\"{forged}\",\"faultAddress\":\"{forged}\",\"sourceAddress\":\"{forged}\"";
        return (number % Kinds) switch
        {
            0 => Text("not JSON", $"{mark} this is not JSON", Json, Aside.Error),
            1 => Text("JSON cut off", $$"""{"schema_version":1,"idempotency_key":"{{mark}}","job":{"model":"stub" """, Json, Aside.Error),
            2 => Text("nested 10,000 deep", $$"""{"idempotency_key":"{{mark}}","job":{{new string('[', Depth)}}{{new string(']', Depth)}}}""", Json, Aside.Error),
            3 => Text("an envelope nested 10,000 deep", $$"""{"messageType":["{{Ours}}"],"mark":"{{mark}}","message":{{new string('[', Depth)}}{{new string(']', Depth)}}}""", Envelope, Aside.Error),
            4 => new Garbage(mark, "BSON", [0x16, 0, 0, 0, 2, (byte)'k', 0, .. Encoding.ASCII.GetBytes(mark), 0, 0], "application/vnd.masstransit+bson", Aside.Error),
            5 => Text("not UTF-8", $"{{\"idempotency_key\":\"{mark}\",\"job\":{{\"model\":\"stub\",\"prompt\":\"\u00ff\u00fe\"}}}}", Json, null, Encoding.Latin1),
            6 => Text("an envelope of another type", $$"""{"messageType":["urn:message:Sluice.Jobs.Messages:JobFinished"],{{addresses}},"message":{"mark":"{{mark}}"} }""", Envelope, Aside.Skipped),
            7 => Text("no job", rejected, Json, Aside.Rejected),
            8 => Text("a job of the wrong type", $$"""{"schema_version":1,"idempotency_key":"{{mark}}","job":[7]}""", Json, Aside.Rejected),
            9 => Text("fields that nobody knows", $$"""{"{{mark}}":7,"idempotency_key":"{{mark}}","job":{"model":"stub","prompt":"x"} }""", Json, Aside.Rejected),
            10 => Text("no prompt", $$"""{"schema_version":1,"idempotency_key":"{{mark}}","job":{"model":"stub"} }""", Json, Aside.Rejected),
            11 => Text("forged addresses", $$"""{"messageId":"{{Guid.NewGuid()}}","requestId":"{{Guid.NewGuid()}}","messageType":["{{Ours}}"],{{addresses}},"message":{{rejected}}}""", Envelope, Aside.Rejected),
            12 => Text(
                "ids and addresses that are none",
                $$"""{"messageId":"none","requestId":"none","conversationId":"none","correlationId":"none","responseAddress":"::","faultAddress":"::","sourceAddress":"::","messageType":["{{Ours}}"],"message":{{rejected}}}""",
                Envelope,
                Aside.Rejected),
            13 => Text("an envelope without a message", $$"""{"messageType":["{{Ours}}"],{{addresses}},"mark":"{{mark}}"}""", Envelope, null),
            14 => Text("large and not JSON", mark + new string('x', large ? Large : 100), Json, Aside.Error),
            _ => Text("a prompt that is too long or missing", $$"""{"schema_version":1,"idempotency_key":"{{mark}}","job":{"model":"stub","prompt":"{{new string('x', large ? Large : 0)}}"} }""", Json, Aside.Rejected),
        };

        Garbage Text(string kind, string text, string type, Aside? where, Encoding? encoding = null) => new(mark, kind, (encoding ?? Encoding.UTF8).GetBytes(text), type, where);
    }
}
