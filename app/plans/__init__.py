"""GraphQL operations, compiled once into plans that lead from their root fields to bytes.

The door is `Plans`. A plan does only what goes well: whatever fails, whatever is not as the schema says, is handed to
graphql-core together with what the root fields have given so far, and graphql-core writes the answer and its errors.
So a plan never decides what an error looks like, and cannot disagree about it.
"""

from app.plans.counts import Counts
from app.plans.documents import Documents
from app.plans.infos import partly
from app.plans.plan import Answer, Plan
from app.plans.plans import Plans
from app.plans.shown import composed, known_by, made_of, shown

__all__ = ["Answer", "Counts", "Documents", "Plan", "Plans", "composed", "known_by", "made_of", "partly", "shown"]
