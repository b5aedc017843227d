namespace ComfyServe.Api.Jobs.Durable;

/// <summary>Writes down how jobs go.</summary>
internal interface IJobRecorder
{
    /// <summary>Has the end of a job on disk when it completes; tries until it is, or until the service stops. Never throws.</summary>
    Task RecordAsync(Job job, JobSnapshot last);

    /// <summary>Records that a run of the job begins. Never throws.</summary>
    Task BeginRunAsync(Job job, int run);

    /// <summary>Records that no death so far counts as a loss. Never throws.</summary>
    Task ForgiveAsync(Job job);

    /// <summary>Records that it ended and the job goes on. Never throws.</summary>
    Task EndRunAsync(Job job, int run, string outcome);
}
