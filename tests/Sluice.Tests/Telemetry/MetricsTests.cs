using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service.Telemetry;
using Sluice.Tests.Api;
using Sluice.Tests.Inference;
using Xunit;

namespace Sluice.Tests.Telemetry;

public sealed class MetricsTests
{
    [Fact]
    public async Task What_is_exposed_keeps_the_grammar_and_counts_what_happened()
    {
        await using ApiHost host = await ApiHost.StartAsync();
        await host.SubmitAsync("""{"model":"stub","prompt":"Hello"}""");
        using HttpResponseMessage refused = await host.PostAsync("""{"model":"stub"}""");
        host.Parts.GetRequiredService<SluiceMetrics>().Finished(JobState.Succeeded, "a \"b\"\\c\nd", JobClass.Bulk, TimeSpan.FromSeconds(0.02), TimeSpan.FromSeconds(3));

        using HttpResponseMessage response = await host.Client.GetAsync("/metrics");
        string text = await response.Content.ReadAsStringAsync();
        Dictionary<string, double> samples = ExpositionGrammar.Read(text);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Equal(1, samples["sluice_jobs_accepted_total{kind=\"generate\",outcome=\"queued\"}"]);
        Assert.Equal(1, samples["sluice_jobs_refused_total{reason=\"invalid\"}"]);
        Assert.Equal(1, samples["sluice_jobs_finished_total{model=\"a \\\"b\\\"\\\\c\\nd\",state=\"succeeded\"}"]);
        const string Wait = "sluice_job_queue_wait_seconds";
        const string Labels = "class=\"bulk\",model=\"a \\\"b\\\"\\\\c\\nd\"";
        Assert.Equal(0, samples[$"{Wait}_bucket{{{Labels},le=\"0.01\"}}"]);
        Assert.Equal(1, samples[$"{Wait}_bucket{{{Labels},le=\"0.025\"}}"]);
        Assert.Equal(1, samples[$"{Wait}_bucket{{{Labels},le=\"+Inf\"}}"]);
        Assert.Equal(0.02, samples[$"{Wait}_sum{{{Labels}}}"], tolerance: 1e-9);
        Assert.Contains(samples, sample => sample.Key.StartsWith("http_server_request_duration_seconds_count{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_job_that_expires_in_the_queue_is_counted()
    {
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Worker:ReconcileInterval"] = "00:00:00.1" });
        await host.SubmitAsync("""{"model":"stub","prompt":"Hello","ttl":0.1}""");
        await WorkerRig.EventuallyAsync(
            async () => ExpositionGrammar.Read(await host.Client.GetStringAsync("/metrics")).GetValueOrDefault("sluice_jobs_finished_total{state=\"expired\"}") == 1, "the job has expired");
    }

    [Fact]
    public async Task Two_hosts_in_one_process_count_apart()
    {
        await using ApiHost one = await ApiHost.StartAsync();
        await using ApiHost two = await ApiHost.StartAsync();
        await one.SubmitAsync("""{"model":"stub","prompt":"Hello"}""");
        Assert.Contains("sluice_jobs_accepted_total", await one.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.DoesNotContain("sluice_jobs_accepted_total", await two.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_label_names_a_tenant_or_a_job()
    {
        await using ApiHost host = await ApiHost.StartAsync();
        JobView job = await host.SubmitAsync("""{"model":"stub","prompt":"Hello"}""");
        using HttpResponseMessage read = await host.Client.GetAsync($"/v1/jobs/{job.Id}");
        string text = await host.Client.GetStringAsync("/metrics");
        Assert.DoesNotContain(job.Id.ToString(), text, StringComparison.Ordinal);
        Assert.DoesNotContain("tenant", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_observed_value_that_is_no_longer_told_is_gone()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory factory = services.GetRequiredService<IMeterFactory>();
        using MetricsPage page = new(factory);
        await page.StartAsync(CancellationToken.None);
        List<Measurement<long>> told = [new(3, new KeyValuePair<string, object?>("model", "a")), new(4, new KeyValuePair<string, object?>("model", "b"))];
        new SluiceMetrics(factory).Observe("sluice.worker.held", "{job}", "Jobs held.", () => told);

        Assert.Equal(4, ExpositionGrammar.Read(page.Read())["sluice_worker_held{model=\"b\"}"]);
        told.RemoveAt(1);
        Dictionary<string, double> samples = ExpositionGrammar.Read(page.Read());
        Assert.Equal(3, samples["sluice_worker_held{model=\"a\"}"]);
        Assert.DoesNotContain("sluice_worker_held{model=\"b\"}", samples.Keys);
    }

    [Fact]
    public async Task A_name_that_is_observed_again_is_read_by_its_last_reader_alone()
    {
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory factory = services.GetRequiredService<IMeterFactory>();
        using MetricsPage page = new(factory);
        await page.StartAsync(CancellationToken.None);
        SluiceMetrics metrics = new(factory);
        List<int> read = [];
        foreach (int told in new[] { 3, 4 })
        {
            metrics.Observe("sluice.whole", "{job}", "Whole numbers.", () => Told(new Measurement<long>(told), told));
            metrics.Observe("sluice.part", "1", "Others.", () => Told(new Measurement<double>(told + 0.5), told));
        }
        Dictionary<string, double> samples = ExpositionGrammar.Read(page.Read());
        Assert.Equal((4, 4.5), (samples["sluice_whole"], samples["sluice_part_ratio"]));
        Assert.Equal([4, 4], read);

        Measurement<T>[] Told<T>(Measurement<T> value, int told)
            where T : struct
        {
            read.Add(told);
            return [value];
        }
    }

    [Theory]
    [InlineData("sluice.job.queue_wait", "s", false, "sluice_job_queue_wait_seconds")]
    [InlineData("http.server.active_requests", "{request}", false, "http_server_active_requests")]
    [InlineData("process.memory", "By", false, "process_memory_bytes")]
    [InlineData("9 lives", null, true, "_9_lives_total")]
    public void Names_follow_the_alphabet(string name, string? unit, bool counter, string expected) => Assert.Equal(expected, PrometheusText.Name(name, unit, counter));

    [Fact]
    public void The_grammar_sees_a_breach()
    {
        foreach (string broken in new[] { "a{b=c} 1\n", "a 1", "a{b=\"x\ny\"} 1\n", "# TYPE a counter\n# TYPE a gauge\na 1\n", "a one\n", "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n" })
        {
            Assert.ThrowsAny<Exception>(() => ExpositionGrammar.Read(broken));
        }
    }
}
