using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Submissions;

/// <summary>Files of jobs: received, fed, answered.</summary>
internal static class SubmissionServices
{
    public static IHostApplicationBuilder AddSubmissions(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        builder.Services.AddSettings<SubmissionOptions>(SubmissionOptions.Section);
        if (host.Runs(HostRole.Api) || host.Runs(HostRole.Scheduler))
        {
            builder.Services.AddSingleton<SubmissionSignal>();
            builder.Services.AddSingleton<SubmissionReceiver>();
            builder.Services.AddSingleton<SubmissionUpload>();
            builder.Services.AddSingleton<FedJobs>();
            builder.Services.AddHostedService<SubmissionFeeder>();
        }
        return builder;
    }
}
