using System.Text.Json.Serialization;

namespace ComfyServe.Contracts.Api;

/// <summary>Every way in which a job or request can end other than well. Closed: clients may switch on it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobErrorCode>))]
public enum JobErrorCode
{
    /// <summary>A defect of this service.</summary>
    [JsonStringEnumMemberName("internal")]
    Internal,

    /// <summary>The template named by the request does not exist.</summary>
    [JsonStringEnumMemberName("template_unknown")]
    TemplateUnknown,

    /// <summary>A parameter of the template is missing or has a bad value.</summary>
    [JsonStringEnumMemberName("template_parameter_invalid")]
    TemplateParameterInvalid,

    /// <summary>An input's server refused it, or it breaks a limit.</summary>
    [JsonStringEnumMemberName("input_refused")]
    InputRefused,

    /// <summary>An input's server could not be reached.</summary>
    [JsonStringEnumMemberName("input_unreachable")]
    InputUnreachable,

    /// <summary>The engine could not be reached, or dropped the run.</summary>
    [JsonStringEnumMemberName("engine_unreachable")]
    EngineUnreachable,

    /// <summary>The engine refused the workflow.</summary>
    [JsonStringEnumMemberName("workflow_refused")]
    WorkflowRefused,

    /// <summary>A node raised an error.</summary>
    [JsonStringEnumMemberName("node_failed")]
    NodeFailed,

    /// <summary>The engine ran out of memory, also when tried again after freeing it.</summary>
    [JsonStringEnumMemberName("out_of_memory")]
    OutOfMemory,

    /// <summary>The engine's GPU is in a state that only a restart mends.</summary>
    [JsonStringEnumMemberName("gpu_unrecoverable")]
    GpuUnrecoverable,

    /// <summary>The engine lost the run, also when tried again.</summary>
    [JsonStringEnumMemberName("run_lost")]
    RunLost,

    /// <summary>The run was interrupted by somebody else.</summary>
    [JsonStringEnumMemberName("run_interrupted")]
    RunInterrupted,

    /// <summary>A stage took longer than its budget.</summary>
    [JsonStringEnumMemberName("deadline_exceeded")]
    DeadlineExceeded,

    /// <summary>The run made no progress for too long.</summary>
    [JsonStringEnumMemberName("no_progress")]
    NoProgress,

    /// <summary>The outputs could not be stored.</summary>
    [JsonStringEnumMemberName("output_failed")]
    OutputFailed,

    /// <summary>The caller cancelled the job.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>The caller went away.</summary>
    [JsonStringEnumMemberName("client_disconnected")]
    ClientDisconnected,

    /// <summary>More jobs are waiting than the service accepts.</summary>
    [JsonStringEnumMemberName("at_capacity")]
    AtCapacity,

    /// <summary>The service is shutting down.</summary>
    [JsonStringEnumMemberName("shutting_down")]
    ShuttingDown,

    /// <summary>The job could not be written to the ledger.</summary>
    [JsonStringEnumMemberName("ledger_unavailable")]
    LedgerUnavailable,

    /// <summary>The id or key is in use for another request.</summary>
    [JsonStringEnumMemberName("id_in_use")]
    IdInUse,

    /// <summary>Results of earlier versions only: the service died or restarted as often as it was allowed to.</summary>
    [JsonStringEnumMemberName("attempts_exhausted")]
    AttemptsExhausted,

    /// <summary>The job was running each of the three times that the service died: it is taken for the cause and not tried again.</summary>
    [JsonStringEnumMemberName("suspected_of_crash")]
    SuspectedOfCrash,
}
