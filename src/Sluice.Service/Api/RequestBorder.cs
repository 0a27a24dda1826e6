using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>Outermost: gives every answer its request id, and every failure a body.</summary>
internal sealed partial class RequestBorder(RequestDelegate next, ILogger<RequestBorder> logger, TimeProvider time)
{
    private const string IdHeader = "x-request-id";

    public async Task InvokeAsync(HttpContext context)
    {
        string id = RequestId(context.Request);
        context.TraceIdentifier = id;
        context.Response.Headers[IdHeader] = id;
        long start = time.GetTimestamp();
        try
        {
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentLength: null, ContentType: null } response)
            {
                await Problems.WriteAsync(context, Problems.OfStatus(response.StatusCode, context.Request));
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            if (!context.Response.HasStarted) // whoever leaves an event stream has had its status
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }
        }
        catch (StoreUnavailableException exception)
        {
            LogUnavailable(context.Request.Path, exception.Message);
            await FailAsync(context, Problems.Unavailable());
        }
        catch (BadHttpRequestException exception)
        {
            await FailAsync(context, new Problem(exception.StatusCode, "invalid_request", exception.Message));
        }
        catch (Exception exception)
        {
            LogFailed(context.Request.Method, context.Request.Path, exception);
            await FailAsync(context, Problems.OfStatus(StatusCodes.Status500InternalServerError, context.Request));
        }
        if (logger.IsEnabled(LogLevel.Debug))
        {
            LogRequest(context.Request.Method, context.Request.Path, context.Response.StatusCode, time.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    private static Task FailAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }
        return Problems.WriteAsync(context, problem);
    }

    /// <summary>The caller's own where it sent a plain one, else the trace id.</summary>
    private static string RequestId(HttpRequest request)
    {
        string? sent = request.Headers[IdHeader];
        bool plain = sent is { Length: > 0 and <= 128 } && !sent.AsSpan().ContainsAnyExceptInRange('!', '~');
        return plain ? sent! : $"req_{Activity.Current?.TraceId.ToHexString() ?? Guid.NewGuid().ToString("N")}";
    }

    [LoggerMessage(1101, LogLevel.Debug, "{Method} {Path} {Status} in {Milliseconds:0.0} ms")]
    private partial void LogRequest(string method, PathString path, int status, double milliseconds);

    [LoggerMessage(1102, LogLevel.Warning, "{Path}: store unavailable: {Reason}")]
    private partial void LogUnavailable(PathString path, string reason);

    [LoggerMessage(1103, LogLevel.Error, "{Method} {Path} failed")]
    private partial void LogFailed(string method, PathString path, Exception exception);
}
