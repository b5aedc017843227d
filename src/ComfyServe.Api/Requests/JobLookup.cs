using ComfyServe.Api.Jobs;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Api.Requests;

/// <summary>Finds jobs for callers.</summary>
internal static class JobLookup
{
    /// <summary>The job of an id, if this caller may know of it.</summary>
    public static Task<Job?> FindForAsync(this JobService jobs, string id, HttpContext context) => jobs.FindAsync(id, context.RequestAborted);
}
