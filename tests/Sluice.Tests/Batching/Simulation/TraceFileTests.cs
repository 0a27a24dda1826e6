using Sluice.Batching.Simulation;
using Xunit;

namespace Sluice.Tests.Batching.Simulation;

public sealed class TraceFileTests
{
    private const string Header = "TIMESTAMP,ContextTokens,GeneratedTokens\n";

    [Fact]
    public void A_csv_of_requests_is_read_in_order_of_time()
    {
        List<TraceRequest> trace = Read(Header + "2023-11-16 18:15:50.5,396,109\n2023-11-16 18:15:46.0,374,44\n");
        Assert.Equal([0, 4.5], trace.Select(r => r.Seconds));
        Assert.Equal([374, 396], trace.Select(r => r.PromptTokens));
        Assert.Equal([44, 109], trace.Select(r => r.NewTokens));
    }

    [Fact]
    public void Json_lines_bring_the_full_blocks_of_prompts_that_leave_a_token_to_compute()
    {
        List<TraceRequest> trace = Read(
            """
            {"timestamp": 0, "input_length": 1024, "output_length": 5, "hash_ids": [7, 8]}
            {"timestamp": 27, "input_length": 1025, "output_length": 6, "hash_ids": [7, 8, 9]}
            """);
        Assert.Equal([7], trace[0].Blocks);
        Assert.Equal([7, 8], trace[1].Blocks);
        Assert.Equal(0.027, trace[1].Seconds, 6);
    }

    [Theory]
    [InlineData("", "The trace is empty.")]
    [InlineData("a,b\n", "line 1: expected the header 'TIMESTAMP,ContextTokens,GeneratedTokens' or a JSON object; it is 'a,b'.")]
    [InlineData(Header, "The trace has no requests.")]
    [InlineData(Header + "2023-11-16 18:15:46,374\n", "line 2: expected 3 fields, TIMESTAMP,ContextTokens,GeneratedTokens; found 2.")]
    [InlineData(Header + "2023-11-16 18:15:46,374,44\nyesterday,3,4\n", "line 3: TIMESTAMP: expected a date and time; it is 'yesterday'.")]
    [InlineData(Header + "2023-11-16 18:15:46,0,44\n", "line 2: ContextTokens: expected a whole number from 1 to 10000000; it is '0'.")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 3, \"hash_ids\": []}\n", "line 1: output_length is missing.")]
    [InlineData("{\"timestamp\": -1, \"input_length\": 3, \"output_length\": 1, \"hash_ids\": []}\n", "line 1: timestamp: expected milliseconds, 0 or more; it is '-1'.")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 600, \"output_length\": 1, \"hash_ids\": [\"x\"]}\n", "line 1: hash_ids[0]: expected a whole number; it is '\"x\"'.")]
    [InlineData("{\"timestamp\": 0, \"input_length\": 1600, \"output_length\": 1, \"hash_ids\": [4, 5, 4, 4]}\n", "line 1: hash_ids[2]: 4 has come before: an id stands for a block and all before it.")]
    public void What_cannot_be_read_is_named_by_line_and_field(string text, string message) =>
        Assert.Equal(message, Assert.Throws<TraceFormatException>(() => Read(text)).Message);

    [Fact]
    public void A_line_that_is_no_json_is_named() =>
        Assert.StartsWith("line 2: not a JSON object: ", Assert.Throws<TraceFormatException>(() => Read("{\"timestamp\": 0, \"input_length\": 3, \"output_length\": 1, \"hash_ids\": []}\n{\n")).Message, StringComparison.Ordinal);

    private static List<TraceRequest> Read(string text)
    {
        using StringReader reader = new(text);
        return TraceFile.Read(reader);
    }
}
